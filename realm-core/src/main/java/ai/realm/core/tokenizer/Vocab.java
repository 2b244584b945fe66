package ai.realm.core.tokenizer;

import java.util.Set;

/** A model's vocabulary: the bytes and the kind of every token id, and the ids with a role. Immutable. */
public interface Vocab {
    /** Kinds of tokens as GGUF numbers them from 1. */
    enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
    }

    int size();

    Kind kind(int id);

    /** The bytes that a token stands for in text (specials: their spelling). Do not change. */
    byte[] bytes(int id);

    /** -1 when the model has none; the same for the other roles. */
    int bosId();

    int eosId();

    /** Every id that ends a generation (eos, eot, eom and what the model marks so). */
    Set<Integer> endOfGenerationIds();

    /** Whether {@code encode(…, addSpecial = true, …)} puts BOS first. */
    boolean addsBos();

    /** The id of the token spelled so, special or not, or -1. */
    int idOf(String spelling);

    /** Spellings of all control and user-defined tokens: what untrusted text must not be able to forge. */
    Set<String> specialSpellings();
}
