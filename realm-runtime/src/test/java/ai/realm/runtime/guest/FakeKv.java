package ai.realm.runtime.guest;

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

    @Override
    public synchronized long bytes() {
        return entries.entrySet().stream().mapToLong(e -> e.getKey().length() + e.getValue().length).sum();
    }

    private static String name(byte[] key) {
        return new String(key, java.nio.charset.StandardCharsets.ISO_8859_1);
    }
}
