package ai.realm.server.http.inference;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.GenerationRequest.ContextFile;
import ai.realm.server.http.inference.GenerationRequest.Infill;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Prompts of models that fill gaps: what is before the gap, what is after it, and the mark at which the model begins to write, each
 * after its own special token. The tokens are found by the spellings that the model families have.
 */
final class FillInTheMiddle {
    /** The marks of one family. */
    private record Marks(String before, String after, String middle, @Nullable String repository, @Nullable String file) {}

    private static final List<Marks> FAMILIES = List.of(
            new Marks("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>"),
            new Marks("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<reponame>", "<file_sep>"),
            new Marks("<fim-prefix>", "<fim-suffix>", "<fim-middle>", null, null),
            new Marks("<\uFF5Cfim\u2581begin\uFF5C>", "<\uFF5Cfim\u2581hole\uFF5C>", "<\uFF5Cfim\u2581end\uFF5C>", null, null),
            new Marks("<PRE>", "<SUF>", "<MID>", null, null),
            new Marks("\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>", null, null),
            new Marks("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>", null, null));

    private final Tokenizer tokenizer;
    private final Marks marks;

    private FillInTheMiddle(Tokenizer tokenizer, Marks marks) {
        this.tokenizer = tokenizer;
        this.marks = marks;
    }

    /** @throws RealmException INVALID_REQUEST when the model has no such tokens */
    static FillInTheMiddle of(ModelLease model) {
        Tokenizer tokenizer = model.tokenizer();
        if (tokenizer == null) {
            throw new RealmException(ErrorCode.NO_TOKENIZER, "model " + model.name() + " has no tokenizer; give token ids");
        }
        Vocab vocab = tokenizer.vocab();
        for (Marks m : FAMILIES) {
            if (vocab.idOf(m.before) >= 0 && vocab.idOf(m.after) >= 0 && vocab.idOf(m.middle) >= 0) {
                return new FillInTheMiddle(tokenizer, m);
            }
        }
        throw RealmException.badParam("suffix", "the model " + model.name()
                + " was not trained to fill a gap: its vocabulary has no tokens for what is before and after one");
    }

    int[] ids(Infill gap) {
        Vocab vocab = tokenizer.vocab();
        IntStream ids = vocab.addsBos() && vocab.bosId() >= 0 ? IntStream.of(vocab.bosId()) : IntStream.empty();
        ids = IntStream.concat(ids, files(gap.files()));
        ids = IntStream.concat(ids, part(marks.before, gap.before()));
        ids = IntStream.concat(ids, part(marks.after, gap.after()));
        return IntStream.concat(ids, IntStream.of(vocab.idOf(marks.middle))).toArray();
    }

    private IntStream files(List<ContextFile> files) {
        String repository = marks.repository;
        String mark = marks.file;
        Vocab vocab = tokenizer.vocab();
        boolean marked = repository != null && mark != null && vocab.idOf(repository) >= 0 && vocab.idOf(mark) >= 0;
        IntStream ids = marked && !files.isEmpty() ? part(repository, "myproject\n") : IntStream.empty();
        for (ContextFile f : files) {
            String text = f.name() + "\n" + f.text();
            ids = IntStream.concat(ids, marked ? part(mark, text) : plain("\n\n--- snippet ---\n\n" + f.text()));
        }
        return files.isEmpty() || !marked ? ids : IntStream.concat(ids, part(mark, "filename\n"));
    }

    private IntStream part(@Nullable String mark, String text) {
        return IntStream.concat(IntStream.of(tokenizer.vocab().idOf(String.valueOf(mark))), plain(text));
    }

    /** Spellings of special tokens in it are text. */
    private IntStream plain(String text) {
        return IntStream.of(tokenizer.encode(text, false, false));
    }
}
