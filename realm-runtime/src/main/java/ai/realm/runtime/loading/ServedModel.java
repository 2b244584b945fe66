package ai.realm.runtime.loading;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.model.Adapter;
import ai.realm.core.model.Model;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.kvcache.SharedPrefixes;
import ai.realm.runtime.store.LoadedModel;
import java.time.Duration;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** A model with the engine that runs it, and what its file says about text. Thread-safe. */
public final class ServedModel implements LoadedModel {
    private final Model model;
    private final Engine engine;
    private final @Nullable Tokenizer tokenizer;
    private final @Nullable ChatTemplate chatTemplate;
    private final SharedPrefixes sharedPrefixes;
    private final long weightBytes;
    private final Runnable afterClose;
    private final GrammarCache grammars = new GrammarCache();

    /** @param afterClose frees what the model was read from */
    public ServedModel(Model model, long weightBytes, Engine engine, @Nullable Tokenizer tokenizer,
            @Nullable ChatTemplate chatTemplate, SharedPrefixes sharedPrefixes, Runnable afterClose) {
        this.model = model;
        this.weightBytes = weightBytes;
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.chatTemplate = chatTemplate;
        this.sharedPrefixes = sharedPrefixes;
        this.afterClose = afterClose;
    }

    public Engine engine() {
        return engine;
    }

    /** The grammars of its requests. */
    public GrammarCache grammars() {
        return grammars;
    }

    /** How many first blocks of a prompt are a prefix that the operator lets all tenants hit. */
    public int sharedBlocks(int[] prompt) {
        return sharedPrefixes.sharedBlocks(prompt, engine.blockPositions());
    }

    @Override
    public ModelConfig config() {
        return model.config();
    }

    @Override
    public int contextLength() {
        return engine.contextLength();
    }

    @Override
    public Adapter adapter(GgufFile file, LongConsumer makeRoom) {
        long bytes = model.adapterBytes(file);
        makeRoom.accept(bytes);
        return model.adapter(file, bytes);
    }

    @Override
    public @Nullable Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public @Nullable ChatTemplate chatTemplate() {
        return chatTemplate;
    }

    @Override
    public long bytes() {
        return weightBytes + engine.bytes();
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
