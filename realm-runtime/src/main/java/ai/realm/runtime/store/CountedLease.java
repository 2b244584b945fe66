package ai.realm.runtime.store;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tokenizer.TextPairs;
import ai.realm.core.tokenizer.Tokenizer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A lease that tells its store when it is closed, once. */
public final class CountedLease implements ModelLease {
    private final String name;
    private final LoadedModel model;
    private final @Nullable AdapterUse adapter;
    private final Runnable onClose;
    private final AtomicBoolean closed = new AtomicBoolean();

    public CountedLease(String name, LoadedModel model, Runnable onClose) {
        this(name, model, null, onClose);
    }

    /** @param adapter that the model is used with, or null */
    CountedLease(String name, LoadedModel model, @Nullable AdapterUse adapter, Runnable onClose) {
        this.adapter = adapter;
        this.name = name;
        this.model = model;
        this.onClose = onClose;
    }

    @Override
    public String name() {
        return name;
    }

    /** The model itself, for what runs it. */
    public LoadedModel model() {
        if (closed.get()) {
            throw new IllegalStateException("the lease of model " + name + " was closed");
        }
        return model;
    }

    /** The adapter that the model is used with, or null. */
    public @Nullable AdapterUse adapter() {
        return adapter;
    }

    @Override
    public ModelConfig config() {
        return model.config();
    }

    @Override
    public int contextLength() {
        return model.contextLength();
    }

    @Override
    public boolean isEncoder() {
        return model.isEncoder();
    }

    @Override
    public boolean isReranker() {
        return model.isReranker();
    }

    @Override
    public @Nullable TextPairs pairs() {
        return model.pairs();
    }

    @Override
    public @Nullable Tokenizer tokenizer() {
        return model.tokenizer();
    }

    @Override
    public @Nullable ChatTemplate chatTemplate() {
        return model.chatTemplate();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            onClose.run();
        }
    }
}
