package ai.realm.runtime.loading;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.Compute;
import ai.realm.core.model.Encoder;
import ai.realm.core.model.Encoders;
import ai.realm.core.model.Models;
import ai.realm.core.tokenizer.TextPairForms;
import ai.realm.core.tokenizer.TextPairs;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Tokenizers;
import ai.realm.runtime.engine.EmbeddingEngine;
import ai.realm.runtime.engine.EngineListener;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.runtime.store.LoadedModel;
import ai.realm.runtime.store.ModelSource;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes an encoder of an open file ready: builds it, shows that it runs, which also compiles its hot loops, and starts its engine. */
final class EncoderLoader {
    private static final Logger LOG = LoggerFactory.getLogger(EncoderLoader.class);
    /** A text's length when the configuration says nothing: the scratch memory of a pass grows with it. */
    private static final int MOST_TOKENS = 4096;
    private static final int WARM_TEXTS = 4;
    private static final int WARM_TOKENS = 48;

    private final EngineOptions options;
    private final EngineListener listener;
    private final ReentrantLock turn;

    EncoderLoader(EngineOptions options, EngineListener listener, ReentrantLock turn) {
        this.options = options;
        this.listener = listener;
        this.turn = turn;
    }

    static boolean takes(GgufFile file) {
        Models.requireModel(file);
        return Encoders.takes(file);
    }

    LoadedModel load(ModelSource source, GgufFile file, Compute compute) {
        @Nullable
        Tokenizer tokenizer = Tokenizers.fromGguf(file).orElse(null);
        long trained = file.integerOr(file.architecture() + ".context_length", MOST_TOKENS);
        int wanted = source.contextLength() == 0 ? MOST_TOKENS : source.contextLength();
        int longest = (int) Math.max(1, Math.min(trained, wanted));
        Encoder encoder = Encoders.load(file, compute, Math.max(longest, options.tokenBudget()));
        @Nullable
        TextPairs pairs;
        try {
            pairs = encoder.ranks() && tokenizer != null ? TextPairForms.fromGguf(file, tokenizer) : null;
            warmUp(encoder, Math.min(longest, encoder.maxTokens()));
        } catch (RuntimeException | Error e) {
            encoder.close();
            throw e;
        }
        int maxTokens = Math.min(longest, encoder.maxTokens());
        if (encoder.ranks()) {
            LOG.info("model={} judges pairs of texts of at most {} tokens together", source.name(), maxTokens);
        } else {
            LOG.info("model={} makes embeddings of {} numbers from texts of at most {} tokens", source.name(),
                    encoder.config().embeddingLength(), maxTokens);
        }
        EmbeddingEngine engine = new EmbeddingEngine(source.name(), encoder, options, turn, listener, System::nanoTime);
        return new ServedEncoder(encoder.config(), maxTokens, encoder.weightBytes(), engine, tokenizer, encoder.ranks(),
                pairs, file::close);
    }

    private void warmUp(Encoder encoder, int longest) {
        int[][] texts = new int[WARM_TEXTS][Math.min(WARM_TOKENS, longest)];
        for (int t = 0; t < texts.length; t++) {
            for (int i = 0; i < texts[t].length; i++) {
                texts[t][i] = Math.floorMod(i * 7919 + t, encoder.config().vocabSize());
            }
        }
        turn.lock();
        try {
            encoder.embed(texts);
            encoder.embed(texts);
        } finally {
            turn.unlock();
        }
    }
}
