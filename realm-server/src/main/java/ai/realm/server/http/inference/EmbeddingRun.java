package ai.realm.server.http.inference;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.EmbedCommand;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request for embeddings once it is read: reserved, run by an encoder's engine without a guest, watched and accounted for. */
public record EmbeddingRun(RequestFrame.Parts parts) {
    /** What there is to embed. */
    public interface Wanted {
        /** Null when the tenant's default is meant. */
        @Nullable
        String model();

        /** Refuses a model that cannot do it. */
        void check(ModelLease lease);

        /** Tokens that it can use at most. */
        long tokenBound();

        List<Prompt> prompts();
    }

    /** @param model by which they were made */
    public record Vectors(String model, float[][] all) {}

    /** The vectors, in the order of the prompts; the request is accounted for when it returns. */
    public Vectors of(Wanted wanted, Admitted a) {
        String model = RequestValidator.model(wanted.model(), a.tenant());
        a.log().model(model);
        float[][] vectors;
        try (ModelLease lease = parts.models().lease(model, GrantedModels.LOAD_WAIT)) {
            wanted.check(lease);
            a.reserve(wanted.tokenBound());
            a.log().step(2, "request");
            vectors = embed(a, new EmbedCommand(a.context(), lease, wanted.prompts()));
        }
        a.log().finished(FinishReason.STOP);
        a.account().close();
        a.log().answering();
        return new Vectors(model, vectors);
    }

    private float[][] embed(Admitted a, EmbedCommand command) {
        try (Exchange.Watch watched = a.exchange().watch(a.context())) {
            try {
                return parts.sessions().embed(command);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new RealmException(ErrorCode.CANCELLED, "the server's thread was interrupted", e);
            } finally {
                watched.close();
                if (watched.mustClose()) {
                    a.exchange().header("Connection", "close");
                }
            }
        }
    }
}
