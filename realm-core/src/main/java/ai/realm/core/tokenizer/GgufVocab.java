package ai.realm.core.tokenizer;

import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The vocabulary of a GGUF file. Immutable once built. */
final class GgufVocab implements Vocab {
    private final byte[][] texts;
    private final ByteTable table;
    private final Kind[] kinds;
    private final float @Nullable [] scores;
    private final byte[][] pieces;
    private final SpecialIds special;
    private final Set<String> spellings;
    private final SpecialTokens specialTokens;
    private final BitSet stripLeft = new BitSet();
    private final BitSet stripRight = new BitSet();

    GgufVocab(GgufFile gguf, TokenizerKind kind, boolean byteEncoded, boolean addBosByDefault, boolean addEosByDefault) {
        texts = VocabKeys.tokens(gguf);
        kinds = VocabKeys.kinds(gguf, texts.length);
        scores = VocabKeys.scores(gguf, texts.length);
        table = new ByteTable(texts.length);
        for (int i = 0; i < texts.length; i++) {
            int n = table.intern(texts[i]);
            if (n != i) {
                throw new GgufException("key tokenizer.ggml.tokens must not hold a text twice: tokens " + n + " and " + i, -1);
            }
        }
        special = SpecialIds.of(gguf, kind, table, kinds, addBosByDefault, addEosByDefault);
        pieces = Pieces.of(texts, kinds, kind, byteEncoded);
        Set<String> found = new LinkedHashSet<>();
        for (int i = 0; i < texts.length; i++) {
            if (forgeable(i)) {
                found.add(new String(texts[i], StandardCharsets.UTF_8));
            }
        }
        spellings = Collections.unmodifiableSet(found);
        specialTokens = new SpecialTokens(spellings);
        findStrips(gguf);
    }

    /** Files do not say which tokens take the white space beside them along; llama.cpp knows it by the model's name. */
    private void findStrips(GgufFile gguf) {
        String name = String.valueOf(gguf.stringOr("general.name", "")).toLowerCase(Locale.ROOT);
        String architecture = String.valueOf(gguf.stringOr("general.architecture", ""));
        String pre = String.valueOf(gguf.stringOr(VocabKeys.PREFIX + "pre", ""));
        if (pre.contains("jina-v2-de") || pre.contains("jina-v2-es") || pre.contains("jina-v2-code")
                || architecture.contains("nomic-bert-moe") || architecture.contains("jina-bert-v3")) {
            mark(stripLeft, "<mask>", true);
        } else if (name.contains("phi-3") || name.contains("phi3")) {
            for (int id = 0; id < texts.length; id++) {
                stripRight.set(id, isSpecial(id));
            }
            mark(stripRight, "</s>", true);
            mark(stripRight, "<unk>", false);
            mark(stripRight, "<s>", false);
            mark(stripRight, "<|endoftext|>", false);
        } else if (name.contains("modern-bert")) {
            mark(stripLeft, "[MASK]", true);
        }
    }

    private void mark(BitSet set, String spelling, boolean value) {
        int id = idOf(spelling);
        if (id >= 0) {
            set.set(id, value);
        }
    }

    /** Control tokens, and user-defined ones that look like markup: runs of spaces and plain words steer nothing. */
    private boolean forgeable(int id) {
        return switch (kinds[id]) {
            case CONTROL, UNKNOWN -> true;
            case USER_DEFINED -> {
                boolean markup = false;
                for (byte b : texts[id]) {
                    markup |= b == '<' || b == '>' || b == '[' || b == ']' || b == '|';
                }
                yield markup && texts[id].length > 2;
            }
            case NORMAL, UNUSED, BYTE -> false;
        };
    }

    @Override
    public int size() {
        return texts.length;
    }

    @Override
    public Kind kind(int id) {
        return kinds[check(id)];
    }

    @Override
    public byte[] bytes(int id) {
        return pieces[check(id)];
    }

    @Override
    public int bosId() {
        return special.bos();
    }

    @Override
    public int eosId() {
        return special.eos();
    }

    @Override
    public Set<Integer> endOfGenerationIds() {
        return special.endOfGeneration();
    }

    @Override
    public boolean addsBos() {
        return special.addsBos();
    }

    @Override
    public int idOf(String spelling) {
        return table.find(spelling.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public Set<String> specialSpellings() {
        return spellings;
    }

    /** Breaks the spellings of this vocabulary's special tokens; made once. */
    SpecialTokens specialTokens() {
        return specialTokens;
    }

    SpecialIds special() {
        return special;
    }

    ByteTable table() {
        return table;
    }

    /** The token's text as the file has it. */
    byte[] text(int id) {
        return texts[id];
    }

    /** Whether detokenizing leaves the token out unless special tokens are shown. */
    boolean isHidden(int id) {
        return kinds[id] == Kind.CONTROL || kinds[id] == Kind.UNKNOWN;
    }

    /** Whether the token must not come out of text in which its spelling was broken. */
    boolean isSpecial(int id) {
        return isHidden(id) || kinds[id] == Kind.USER_DEFINED;
    }

    /** Whether white space before the token belongs to it. */
    boolean stripsLeft(int id) {
        return stripLeft.get(id);
    }

    boolean stripsRight(int id) {
        return stripRight.get(id);
    }

    float score(int id) {
        return scores == null ? 0 : scores[id];
    }

    private int check(int id) {
        if (id < 0 || id >= texts.length) {
            throw RealmException.badParam("token", "a token id must be 0.." + (texts.length - 1) + ", not " + id);
        }
        return id;
    }
}
