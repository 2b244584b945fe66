package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufException;

/** The families of tokenizers, with the ids and rules that hold where a file does not say otherwise. Source: llama.cpp de3ff81. */
enum TokenizerKind {
    /** SentencePiece BPE: merges by score, bytes for what is unknown. */
    SPM(1, 2, 0, -1),
    /** Byte-level BPE with a pre-tokenizer and a list of merges. */
    BPE(11, 11, -1, -1),
    /** BPE by a list of merges on UTF-8 characters, spaces written as U+2581. */
    GEMMA4_BPE(-1, -1, -1, -1),
    /** WordPiece: the longest match from the left. */
    WORD_PIECE(101, -1, 100, 102),
    /** SentencePiece unigram: the most probable segmentation. */
    UNIGRAM(-1, 1, 2, -1);

    final int bos;
    final int eos;
    final int unknown;
    final int separator;

    TokenizerKind(int bos, int eos, int unknown, int separator) {
        this.bos = bos;
        this.eos = eos;
        this.unknown = unknown;
        this.separator = separator;
    }

    static TokenizerKind byName(String name) {
        return switch (name) {
            case "llama" -> SPM;
            case "gpt2" -> BPE;
            case "gemma4" -> GEMMA4_BPE;
            case "bert" -> WORD_PIECE;
            case "t5" -> UNIGRAM;
            default ->
                throw new GgufException(
                        "key tokenizer.ggml.model must be llama, gpt2, gemma4, bert or t5, not " + name, -1);
        };
    }
}
