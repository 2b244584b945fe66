package ai.realm.server.http.openai;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.TextPairs;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.EmbeddingRun;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How well pairs of texts fit: by a reranker's classifier, or by the cosine of two vectors where the model makes such. For one request;
 * not thread-safe.
 */
final class PairScores implements EmbeddingRun.Wanted {
    private final @Nullable String model;
    private final List<String> first;
    private final List<String> second;
    private final boolean raw;
    private boolean reranker;

    /**
     * @param model null when the tenant's default is meant
     * @param first as many as the second ones, or one that goes with all of them
     * @param raw whether a reranker's scores are its logits, rather than the probabilities that they mean
     */
    PairScores(@Nullable String model, List<String> first, List<String> second, boolean raw) {
        this.model = model;
        this.first = first;
        this.second = second;
        this.raw = raw;
    }

    /** @param model by which they were made */
    record Scores(String model, double[] all) {}

    /** A score for each of the second texts. */
    Scores of(EmbeddingRun run, Admitted a) {
        EmbeddingRun.Vectors vectors = run.of(this, a);
        double[] scores = new double[second.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = reranker
                    ? scored(vectors.all()[i][0])
                    : cosine(vectors.all()[one(i)], vectors.all()[first.size() + i]);
        }
        return new Scores(vectors.model(), scores);
    }

    /** Which of the first texts goes with one of the second. */
    private int one(int i) {
        return first.size() == 1 ? 0 : i;
    }

    private double scored(float logit) {
        return raw ? logit : 1 / (1 + Math.exp(-logit));
    }

    /** Of vectors of length 1. */
    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    @Override
    public @Nullable String model() {
        return model;
    }

    @Override
    public void check(ModelLease lease) {
        if (!lease.isEncoder()) {
            throw RealmException.badParam("model", "the model " + lease.name()
                    + " generates text and compares none; a reranker or a model that makes vectors does");
        }
        reranker = lease.isReranker();
    }

    /** A text is text: a spelling of a special token in it steers nothing. */
    @Override
    public Stream<Prompt> prompts(ModelLease lease) {
        if (!reranker) {
            return Stream.concat(first.stream(), second.stream()).map(t -> new TextPrompt(t, false));
        }
        TextPairs pairs = lease.pairs();
        if (pairs == null) {
            throw new RealmException(ErrorCode.NO_TOKENIZER,
                    "the model " + lease.name() + " has no tokenizer and reads no texts");
        }
        TextPairs.OfQuery query = first.size() == 1 ? pairs.of(first.getFirst()) : null;
        return IntStream.range(0, second.size())
                .mapToObj(i -> pair(i, query != null ? query.ids(second.get(i)) : pairs.ids(first.get(i), second.get(i)), lease));
    }

    private static Prompt pair(int index, int[] ids, ModelLease lease) {
        // At the first one: what is too long would be made as often as there are texts.
        if (ids.length > lease.contextLength()) {
            throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "text " + index + " has, with what it is compared with, "
                    + ids.length + " tokens; this model takes " + lease.contextLength() + " at most", "documents", null);
        }
        return new TokenPrompt(ids);
    }
}
