package ai.realm.server.http.inference;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.EmbedCommand;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
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

        /** How long vectors are to be; null for the model's own length. */
        default @Nullable Integer dimensions() {
            return null;
        }

        /** What goes to the model, once it has passed {@link #check}; each is made when it is asked for, as there may be many. */
        Stream<Prompt> prompts(ModelLease lease);
    }

    /** @param model by which they were made */
    public record Vectors(String model, float[][] all) {}

    /** The vectors, in the order of the prompts; the request is accounted for when it returns. */
    public Vectors of(Wanted wanted, Admitted a) {
        String model = parts.registry().meant(wanted.model(), a.tenant());
        a.log().model(model);
        float[][] vectors;
        try (ModelLease lease = parts.models().lease(model, GrantedModels.LOAD_WAIT)) {
            wanted.check(lease);
            checkLength(wanted.dimensions(), lease);
            vectors = cut(embed(a, wanted, lease), wanted.dimensions());
        }
        a.log().finished(FinishReason.STOP);
        a.account().close();
        a.log().answering();
        return new Vectors(model, vectors);
    }

    /**
     * What a vector cut short would mean is known only for models that were trained for that, and no GGUF file says so: the operator
     * does.
     */
    private void checkLength(@Nullable Integer length, ModelLease lease) {
        int own = lease.config().embeddingLength();
        if (length == null || length == own) {
            return;
        }
        List<Integer> shorter = parts.registry().offer(lease.name()).dimensions().stream().filter(n -> n < own).toList();
        if (!shorter.contains(length)) {
            throw RealmException.badParam("dimensions",
                    "dimensions must be " + own + (shorter.isEmpty() ? "" : " or one of " + shorter)
                            + " for the model " + lease.name() + ", not " + length
                            + (shorter.isEmpty() ? ": its vectors cannot be shortened" : ""));
        }
    }

    private static float[][] cut(float[][] vectors, @Nullable Integer length) {
        return length == null ? vectors : Arrays.stream(vectors).map(v -> cut(v, length)).toArray(float[][]::new);
    }

    /** The first numbers of a vector, brought to length 1 again. */
    private static float[] cut(float[] vector, int length) {
        if (vector.length <= length) {
            return vector;
        }
        float[] out = Arrays.copyOf(vector, length);
        double square = 0;
        for (float v : out) {
            square += (double) v * v;
        }
        float scale = square > 0 ? (float) (1 / Math.sqrt(square)) : 1;
        for (int i = 0; i < length; i++) {
            out[i] *= scale;
        }
        return out;
    }

    /** Its client is watched from before its texts are tokenized: there may be many. */
    private float[][] embed(Admitted a, Wanted wanted, ModelLease lease) {
        try (Exchange.Watch watched = a.exchange().watch(a.context())) {
            try {
                CountedPrompts prompts = CountedPrompts.of(wanted.prompts(lease), lease.tokenizer(), a.context());
                a.reserve(prompts.tokens());
                a.log().step(2, "request");
                return parts.sessions().embed(new EmbedCommand(a.context(), lease, prompts.all()));
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
