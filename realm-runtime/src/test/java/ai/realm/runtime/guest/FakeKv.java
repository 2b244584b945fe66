package ai.realm.runtime.guest;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A store in memory with a byte budget. */
final class FakeKv implements GuestKvStore {
    private final long budget;
    private final Map<String, byte[]> entries = new TreeMap<>();

    FakeKv(long budget) {
        this.budget = budget;
    }

    @Override
    public synchronized byte @Nullable [] get(byte[] key) {
        return entries.get(name(key));
    }

    @Override
    public synchronized boolean set(byte[] key, byte[] value) {
        byte[] before = entries.put(name(key), value);
        if (bytes() <= budget) {
            return true;
        }
        if (before == null) {
            entries.remove(name(key));
        } else {
            entries.put(name(key), before);
        }
        return false;
    }

    @Override
    public synchronized boolean delete(byte[] key) {
        return entries.remove(name(key)) != null;
    }

    @Override
    public synchronized boolean update(byte[] key, UnaryOperator<byte @Nullable []> change) {
        byte[] next = change.apply(get(key));
        if (next == null) {
            delete(key);
            return true;
        }
        return set(key, next);
    }

    final Map<String, Long> lives = new TreeMap<>();

    @Override
    public synchronized boolean put(byte[] key, byte[] value, long seconds) {
        lives.put(name(key), seconds);
        return set(key, value);
    }

    @Override
    public synchronized List<Listed> list(byte[] prefix, byte[] after, int most) {
        return entries.entrySet().stream()
                .filter(e -> e.getKey().startsWith(name(prefix)) && e.getKey().compareTo(name(after)) > 0)
                .limit(most).map(e -> new Listed(e.getKey().getBytes(StandardCharsets.ISO_8859_1), e.getValue().length)).toList();
    }

    @Override
    public synchronized List<Held> held(byte[] prefix, int valueBytes, int most) {
        return entries.entrySet().stream().filter(e -> e.getKey().startsWith(name(prefix)) && e.getValue().length == valueBytes)
                .limit(most).map(e -> new Held(e.getKey().getBytes(StandardCharsets.ISO_8859_1), e.getValue())).toList();
    }

    @Override
    public synchronized long bytes() {
        return entries.entrySet().stream().mapToLong(e -> e.getKey().length() + e.getValue().length).sum();
    }

    private static String name(byte[] key) {
        return new String(key, StandardCharsets.ISO_8859_1);
    }
}
