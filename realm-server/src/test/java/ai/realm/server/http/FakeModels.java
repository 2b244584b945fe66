package ai.realm.server.http;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tokenizer.Detokenizer;
import ai.realm.core.tokenizer.TextPairs;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelSource;
import ai.realm.runtime.store.ModelStatus;
import ai.realm.runtime.store.ModelStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A store with a model {@code tiny}, of which every byte is a token and whose template writes {@code <role>content}, and a model
 * {@code encoder}, which makes vectors of 3 numbers, and a model {@code judge}, which reads a pair as the two texts and a space between.
 */
final class FakeModels implements ModelStore {
    final AtomicInteger leases = new AtomicInteger();

    @Override
    public ModelLease lease(String name, Duration wait) {
        if (!Set.of("tiny", "encoder", "judge").contains(name)) {
            throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "no model " + name);
        }
        leases.incrementAndGet();
        return new Lease(name);
    }

    @Override
    public void load(String name) {
    }

    @Override
    public void unload(String name, Duration limit) {
    }

    @Override
    public void register(ModelSource source) {
    }

    @Override
    public void forget(String name) {
    }

    @Override
    public List<ModelStatus> list() {
        return List.of(new ModelStatus("tiny", ModelStatus.State.READY, 0, 0, null, 128, null, null));
    }

    @Override
    public void close() {
    }

    /** Characters that were tokenized. */
    final AtomicLong encoded = new AtomicLong();

    private final class Lease implements ModelLease {
        private final String name;
        private boolean closed;

        private Lease(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean isEncoder() {
            return !name.equals("tiny");
        }

        @Override
        public boolean isReranker() {
            return name.equals("judge");
        }

        @Override
        public @Nullable TextPairs pairs() {
            return isReranker() ? (query, document) -> (query + " " + document).chars().toArray() : null;
        }

        @Override
        public ModelConfig config() {
            return new ModelConfig("llama", "tiny", 256, 128, isEncoder() ? 3 : 8, 1, 1);
        }

        @Override
        public int contextLength() {
            return 128;
        }

        @Override
        public Tokenizer tokenizer() {
            return new ByteTokenizer();
        }

        @Override
        public ChatTemplate chatTemplate() {
            return variables -> {
                StringBuilder out = new StringBuilder();
                for (Object m : (List<?>) variables.get("messages")) {
                    Map<?, ?> turn = (Map<?, ?>) m;
                    out.append('<').append(turn.get("role")).append('>').append(turn.get("content"));
                }
                return out.toString();
            };
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                leases.decrementAndGet();
            }
        }
    }

    private final class ByteTokenizer implements Tokenizer {
        @Override
        public Vocab vocab() {
            return new ByteVocab();
        }

        @Override
        public int[] encode(String text, boolean addSpecial, boolean parseSpecial) {
            encoded.addAndGet(text.length());
            return text.chars().toArray();
        }

        @Override
        public Detokenizer detokenizer(boolean showSpecial) {
            return new Detokenizer() {
                @Override
                public String accept(int tokenId) {
                    return String.valueOf((char) tokenId);
                }

                @Override
                public String finish() {
                    return "";
                }
            };
        }
    }

    private record ByteVocab() implements Vocab {
        @Override
        public int size() {
            return 256;
        }

        @Override
        public Kind kind(int id) {
            return Kind.NORMAL;
        }

        @Override
        public byte[] bytes(int id) {
            return String.valueOf((char) id).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public int bosId() {
            return -1;
        }

        @Override
        public int eosId() {
            return -1;
        }

        @Override
        public Set<Integer> endOfGenerationIds() {
            return Set.of();
        }

        @Override
        public boolean addsBos() {
            return false;
        }

        @Override
        public int idOf(String spelling) {
            return -1;
        }

        @Override
        public Set<String> specialSpellings() {
            return Set.of("<user>");
        }
    }
}
