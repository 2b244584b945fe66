package ai.realm.runtime.guest;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tokenizer.Detokenizer;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.session.LetterTokenizer;
import ai.realm.runtime.store.ModelLease;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A model that is only a name, with one token for each character. */
final class FakeLease implements ModelLease {
    private final String name;
    private final boolean tokenizes;
    private final AtomicInteger open;

    FakeLease(String name, boolean tokenizes, AtomicInteger open) {
        this.name = name;
        this.tokenizes = tokenizes;
        this.open = open;
        open.incrementAndGet();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public ModelConfig config() {
        throw new UnsupportedOperationException("guests do not ask for it");
    }

    @Override
    public int contextLength() {
        return 2048;
    }

    @Override
    public @Nullable Tokenizer tokenizer() {
        return tokenizes ? new Characters() : null;
    }

    @Override
    public @Nullable ChatTemplate chatTemplate() {
        return null;
    }

    @Override
    public void close() {
        open.decrementAndGet();
    }

    private static final class Characters implements Tokenizer {
        @Override
        public Vocab vocab() {
            return new LetterTokenizer(false);
        }

        @Override
        public int[] encode(String text, boolean addSpecial, boolean parseSpecial) {
            if (text.contains("untokenizable")) {
                throw new IllegalStateException("no token");
            }
            return text.chars().toArray();
        }

        @Override
        public Detokenizer detokenizer(boolean showSpecial) {
            throw new UnsupportedOperationException("guests do not ask for it");
        }
    }
}
