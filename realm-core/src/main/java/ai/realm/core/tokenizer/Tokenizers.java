package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.tokenizer.PartitioningTokenizer.PartitionRules;
import java.util.Optional;

/** Makes the tokenizer that a GGUF file describes. */
public final class Tokenizers {
    private Tokenizers() {
    }

    /**
     * The file's tokenizer; empty when its key says that it has none. What is malformed or of an unknown kind is a
     * {@link ai.realm.core.gguf.GgufException} that names the key. Nothing of the result refers to the file's memory.
     */
    public static Optional<Tokenizer> fromGguf(GgufFile gguf) {
        String model = gguf.string(VocabKeys.PREFIX + "model");
        if (model.equals("none") || model.equals("no_vocab")) {
            return Optional.empty();
        }
        TokenizerKind kind = TokenizerKind.byName(model);
        return Optional.of(switch (kind) {
            case BPE, GEMMA4_BPE -> bpe(gguf, kind);
            case SPM -> spm(gguf);
            case WORD_PIECE -> wordPiece(gguf);
            case UNIGRAM -> unigram(gguf);
        });
    }

    private static Tokenizer bpe(GgufFile gguf, TokenizerKind kind) {
        String absent = "default";
        String name = kind == TokenizerKind.GEMMA4_BPE ? "gemma4" : gguf.stringOr(VocabKeys.PREFIX + "pre", absent);
        PreTokenizers.Rules rules = PreTokenizers.byName(name == null ? absent : name);
        GgufVocab vocab = new GgufVocab(gguf, kind, !rules.escapeSpaces(), rules.addBos(), false);
        PartitionRules partition = new PartitionRules(spacePrefix(gguf, false), rules.cleanSpaces(), addedBos(vocab),
                addedEos(vocab));
        return new BpeTokenizer(vocab, partition, rules, new BpeMerges(gguf, vocab, !"kimi-k2".equals(name)));
    }

    private static Tokenizer spm(GgufFile gguf) {
        GgufVocab vocab = new GgufVocab(gguf, TokenizerKind.SPM, false, true, false);
        return new SpmTokenizer(vocab, new PartitionRules(spacePrefix(gguf, true), false, addedBos(vocab), addedEos(vocab)));
    }

    /** A text is always put between the two special tokens, whatever add_bos_token says. */
    private static Tokenizer wordPiece(GgufFile gguf) {
        GgufVocab vocab = new GgufVocab(gguf, TokenizerKind.WORD_PIECE, false, true, false);
        int separator = vocab.special().separator();
        return new WordPieceTokenizer(vocab, new PartitionRules(spacePrefix(gguf, false), true, vocab.bosId(), separator), gguf);
    }

    private static Tokenizer unigram(GgufFile gguf) {
        GgufVocab vocab = new GgufVocab(gguf, TokenizerKind.UNIGRAM, false, false, true);
        boolean space = spacePrefix(gguf, false);
        return new UnigramTokenizer(vocab, new PartitionRules(space, false, addedBos(vocab), addedEos(vocab)),
                new UnigramNormalizer(gguf, vocab, space));
    }

    private static boolean spacePrefix(GgufFile gguf, boolean absent) {
        return gguf.boolOr(VocabKeys.PREFIX + "add_space_prefix", absent);
    }

    private static int addedBos(GgufVocab vocab) {
        return vocab.addsBos() ? vocab.bosId() : -1;
    }

    private static int addedEos(GgufVocab vocab) {
        return vocab.special().addsEos() ? vocab.eosId() : -1;
    }
}
