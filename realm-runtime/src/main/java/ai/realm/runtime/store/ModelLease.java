package ai.realm.runtime.store;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tokenizer.TextPairs;
import ai.realm.core.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * A counted use of a loaded model: while one is open the model stays in memory. Closing twice does no harm. Thread-safe.
 */
public interface ModelLease extends AutoCloseable {
    /** The name that requests use. */
    String name();

    ModelConfig config();

    /** Positions a sequence may have here: the model's, or less by configuration. */
    int contextLength();

    /** Whether it makes vectors or scores of texts, of {@link #contextLength} tokens at most, and generates nothing. */
    default boolean isEncoder() {
        return false;
    }

    /** Whether it is an encoder that judges how well two texts fit, and makes no embeddings. */
    default boolean isReranker() {
        return false;
    }

    /** How a reranker's two texts become one; null for another model, and where the file has no tokenizer. */
    default @Nullable TextPairs pairs() {
        return null;
    }

    /** Null when the file has none. */
    @Nullable
    Tokenizer tokenizer();

    /** Null when the file has none. */
    @Nullable
    ChatTemplate chatTemplate();

    @Override
    void close();
}
