package ai.realm.runtime.store;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.model.Adapter;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tokenizer.TextPairs;
import ai.realm.core.tokenizer.Tokenizer;
import java.time.Duration;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** A model in memory with all that runs it, as a {@link ModelStore} holds it. Thread-safe. */
public interface LoadedModel extends AutoCloseable {
    ModelConfig config();

    /** Positions a sequence may have. */
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

    @Nullable
    Tokenizer tokenizer();

    @Nullable
    ChatTemplate chatTemplate();

    /** Memory held: weights, KV blocks, logits. */
    long bytes();

    /**
     * Reads a LoRA adapter for it.
     *
     * @param makeRoom is told how many bytes the adapter will take before they are taken, and throws when there is no room
     * @throws ai.realm.core.error.RealmException MODEL_INVALID when it does not fit
     */
    default Adapter adapter(GgufFile file, LongConsumer makeRoom) {
        throw new RealmException(ErrorCode.MODEL_INVALID, "this model makes embeddings and takes no adapters");
    }

    /**
     * Takes nothing new and returns when all that ran has ended, by itself or at the limit.
     *
     * @param reason what requests are told: DRAINING or MODEL_UNLOADED
     */
    void drain(Duration limit, ErrorCode reason);

    /** Ends what runs and frees all memory. */
    @Override
    void close();
}
