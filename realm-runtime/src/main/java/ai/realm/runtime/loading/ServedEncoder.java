package ai.realm.runtime.loading;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tokenizer.TextPairs;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.engine.EmbeddingEngine;
import ai.realm.runtime.store.LoadedModel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** An encoder with the engine that runs it, and its tokenizer. Thread-safe. */
public final class ServedEncoder implements LoadedModel {
    private final ModelConfig config;
    private final int maxTokens;
    private final long bytes;
    private final EmbeddingEngine engine;
    private final @Nullable Tokenizer tokenizer;
    private final boolean reranker;
    private final @Nullable TextPairs pairs;
    private final Runnable afterClose;

    /**
     * @param maxTokens tokens of a text at most
     * @param bytes of weights
     * @param pairs how a reranker's texts become one
     * @param afterClose frees what the encoder was read from
     */
    ServedEncoder(ModelConfig config, int maxTokens, long bytes, EmbeddingEngine engine, @Nullable Tokenizer tokenizer,
            boolean reranker, @Nullable TextPairs pairs, Runnable afterClose) {
        this.config = config;
        this.maxTokens = maxTokens;
        this.bytes = bytes;
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.reranker = reranker;
        this.pairs = pairs;
        this.afterClose = afterClose;
    }

    public EmbeddingEngine engine() {
        return engine;
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public int contextLength() {
        return maxTokens;
    }

    @Override
    public boolean isEncoder() {
        return true;
    }

    @Override
    public boolean isReranker() {
        return reranker;
    }

    @Override
    public @Nullable TextPairs pairs() {
        return pairs;
    }

    @Override
    public @Nullable Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public @Nullable ChatTemplate chatTemplate() {
        return null;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void drain(Duration limit, ErrorCode reason) {
        engine.drain(limit.toNanos(), reason);
    }

    @Override
    public void close() {
        engine.close();
        afterClose.run();
    }
}
