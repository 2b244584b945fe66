package ai.realm.core.tokenizer;

/**
 * Turns one generation's tokens into text as they come, whole UTF-8 characters only: bytes of an unfinished character are held
 * back until it is complete. Not thread-safe; one for each generation.
 */
public interface Detokenizer {
    /** The text that became certain with this token; may be empty. */
    String accept(int tokenId);

    /** The rest at the end of a generation: an unfinished character becomes U+FFFD. */
    String finish();
}
