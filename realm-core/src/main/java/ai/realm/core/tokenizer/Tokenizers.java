package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.tokenizer.PartitioningTokenizer.PartitionRules;
import java.util.Optional;

/** Makes the tokenizer that a GGUF file describes. */
public final class Tokenizers {
    private Tokenizers() {
    }

    /**
     * The file's tokenizer; empty when it says that it has none. What is malformed or of an unknown kind is a
     * {@link ai.realm.core.gguf.GgufException} that names the key. Nothing of the result refers to the file's memory.
     */
    public static Optional<Tokenizer> fromGguf(GgufFile gguf) {
        String model = gguf.stringOr(VocabKeys.PREFIX + "model", "none");
        if (model == null || model.equals("none") || model.equals("no_vocab")) {
            return Optional.empty();
        }
        TokenizerKind kind = TokenizerKind.byName(model);
        return Optional.of(switch (kind) {
            case BPE, GEMMA4_BPE -> bpe(gguf, kind);
            default -> throw new ai.realm.core.gguf.GgufException("tokenizer " + model + " is not supported", -1);
        });
    }

    private static Tokenizer bpe(GgufFile gguf, TokenizerKind kind) {
        String absent = "default";
        String name = kind == TokenizerKind.GEMMA4_BPE ? "gemma4" : gguf.stringOr(VocabKeys.PREFIX + "pre", absent);
        PreTokenizers.Rules rules = PreTokenizers.byName(name == null ? absent : name);
        GgufVocab vocab = new GgufVocab(gguf, kind, !rules.escapeSpaces(), rules.addBos(), false);
        boolean spacePrefix = gguf.boolOr(VocabKeys.PREFIX + "add_space_prefix", false);
        PartitionRules partition = new PartitionRules(spacePrefix, rules.cleanSpaces(),
                vocab.special().addsEos() ? vocab.eosId() : -1);
        return new BpeTokenizer(vocab, partition, rules, new BpeMerges(gguf, vocab, !"kimi-k2".equals(name)));
    }
}
