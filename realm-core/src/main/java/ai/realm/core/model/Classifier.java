package ai.realm.core.model;

import ai.realm.core.gguf.GgufArray;
import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The head of a reranker: {@code output(tanh(dense(x)))} of a text's pooled row (ModernBERT's with GELU and a norm), as one number, the logarithm of the odds that the two
 * parts of the text fit. Files whose labels are yes and no (Qwen3-Reranker) have a logit for each, of which it is the difference.
 * Source: llama.cpp de3ff81, {@code build_pooling}.
 */
final class Classifier {
    private static final String MODERN = "modern-bert";
    private static final String LABELS = "classifier.output_labels";

    private final @Nullable Linear dense;
    private final Activation activation;
    private final @Nullable Norm norm;
    private final Linear output;
    private final int yes;
    private final int no;
    private final FloatRows hidden;
    private final FloatRows logits;

    /** @param no the row of the label that speaks against it, or -1 */
    private Classifier(@Nullable Linear dense, Activation activation, @Nullable Norm norm, Linear output, int yes, int no,
            Scratch scratch) {
        this.dense = dense;
        this.activation = activation;
        this.norm = norm;
        this.output = output;
        this.yes = yes;
        this.no = no;
        this.hidden = scratch.rows("classifierHidden", output.cols());
        this.logits = scratch.rows("classifierLogits", output.rows());
    }

    /** Made from {@code cls} (where the file has it) and {@code cls.output}. */
    static Classifier read(DecoderBuilder d) {
        List<String> labels = labels(d.keys());
        int outputs = Math.max(1, labels.size());
        int yes = 0;
        int no = -1;
        if (outputs > 1) {
            yes = labels.indexOf("yes");
            no = labels.indexOf("no");
            if (outputs > 2 || yes < 0 || no < 0) {
                throw d.keys().refuse(LABELS, labels, "a reranker has one label, or yes and no");
            }
        }
        Linear dense = d.weights().has("cls.weight") ? d.weights().linear("cls", d.width(), d.width()) : null;
        boolean modern = d.keys().architecture().equals(MODERN);
        Norm norm = modern && d.weights().has("cls.norm.weight") ? d.norm("cls.norm", d.width()) : null;
        return new Classifier(dense, modern ? Activation.GELU_TANH : Activation.TANH, norm,
                d.weights().linear("cls.output", d.width(), outputs), yes, no, d.scratch());
    }

    /** The row of a text that an encoder's classifier reads. */
    static Pooling row(ModelKeys keys) {
        return keys.architecture().equals(MODERN) ? Pooling.MEAN : Pooling.CLS;
    }

    private static List<String> labels(ModelKeys keys) {
        Optional<GgufArray> labels = keys.file().findArray(keys.full(LABELS));
        return labels.isPresent() && labels.get().values() instanceof byte[][] texts
                ? Arrays.stream(texts).map(t -> new String(t, StandardCharsets.UTF_8)).toList()
                : List.of();
    }

    /** The scores of the first {@code count} rows. */
    float[] scores(Step step, FloatRows pooled, int count) {
        FloatRows in = pooled;
        if (dense != null) {
            dense.apply(step, pooled, count, hidden);
            for (int row = 0; row < count; row++) {
                step.rowKernels().activate(activation, hidden.data(), hidden.offset(row), hidden.cols());
                if (norm != null) {
                    norm.apply(step.rowKernels(), hidden.data(), hidden.offset(row), hidden.data(), hidden.offset(row));
                }
            }
            in = hidden;
        }
        output.apply(step, in, count, logits);
        float[] out = new float[count];
        for (int row = 0; row < count; row++) {
            int at = logits.offset(row);
            out[row] = logits.data()[at + yes] - (no < 0 ? 0 : logits.data()[at + no]);
        }
        return out;
    }
}
