package ai.realm.server.http;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.store.LoadedModel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A model in memory that runs nothing. */
record LoadedFake(String name, long bytes) implements LoadedModel {
    @Override
    public ModelConfig config() {
        return new ModelConfig("llama", name, 10, 100, 4, 1, 1);
    }

    @Override
    public int contextLength() {
        return 100;
    }

    @Override
    public @Nullable Tokenizer tokenizer() {
        return null;
    }

    @Override
    public @Nullable ChatTemplate chatTemplate() {
        return null;
    }

    @Override
    public void drain(Duration limit, ErrorCode reason) {
    }

    @Override
    public void close() {
    }
}
