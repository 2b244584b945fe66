package ai.realm.core.tokenizer;

/** How a query and a document become the one text that a reranker reads. Immutable, usable by any thread. */
@FunctionalInterface
public interface TextPairs {
    /** Token ids of the pair; spellings of special tokens in either are text and steer nothing. */
    int[] ids(String query, String document);
}
