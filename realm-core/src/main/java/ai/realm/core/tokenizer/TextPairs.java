package ai.realm.core.tokenizer;

/** How a query and a document become the one text that a reranker reads. Immutable, usable by any thread. */
@FunctionalInterface
public interface TextPairs {
    /** Token ids of the pair; spellings of special tokens in either are text and steer nothing. */
    int[] ids(String query, String document);

    /** For one query with many documents: what can be done for the query alone is done once. */
    default OfQuery of(String query) {
        return document -> ids(query, document);
    }

    /** The pairs of one query. Immutable, usable by any thread. */
    @FunctionalInterface
    interface OfQuery {
        /** Token ids of the pair with this document. */
        int[] ids(String document);
    }
}
