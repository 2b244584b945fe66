package ai.realm.runtime.guest;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * The code of guests that is loaded: when it is too much together, that which nobody has used for longest is let go, and made again from
 * its image, in milliseconds, when somebody wants it. A guest that runs holds its own code. Thread-safe; nothing is loaded under a lock
 * that other guests wait for.
 */
final class CodeShelf {
    private final long maxBytes;
    private final @Nullable CompiledCache disk;
    private final GuestListener listener;
    private final List<WeakReference<CompiledGuest>> loaded = new ArrayList<>();
    private final ConcurrentMap<String, Object> loading = new ConcurrentHashMap<>();

    /** @param disk where images are, or null when guests hold theirs */
    CodeShelf(long maxBytes, @Nullable CompiledCache disk, GuestListener listener) {
        this.maxBytes = maxBytes;
        this.disk = disk;
        this.listener = listener;
    }

    /** When a guest was used, read once: others use it while it is sorted. */
    private record Used(CompiledGuest guest, long agoNanos) {}

    /** Counts a guest whose code was loaded, and lets go of what is too much. */
    void keep(CompiledGuest guest) {
        guest.used();
        List<CompiledGuest> evicted = new ArrayList<>();
        synchronized (loaded) {
            loaded.removeIf(r -> r.get() == null || r.get() == guest);
            loaded.add(new WeakReference<>(guest));
            List<Used> all = new ArrayList<>();
            long bytes = 0;
            long now = System.nanoTime();
            for (WeakReference<CompiledGuest> r : loaded) {
                CompiledGuest g = r.get();
                if (g != null) {
                    all.add(new Used(g, now - g.usedNanos()));
                    bytes += g.loadedBytes();
                }
            }
            all.sort(Comparator.comparingLong(Used::agoNanos).reversed());
            for (Used used : all) {
                if (bytes <= maxBytes) {
                    break;
                }
                CompiledGuest oldest = used.guest();
                if (oldest != guest) {
                    bytes -= oldest.loadedBytes();
                    evicted.add(oldest);
                }
            }
            loaded.removeIf(r -> evicted.contains(r.get()));
            evicted.forEach(g -> g.code(null));
        }
        evicted.forEach(g -> listener.evicted(g.digest()));
    }

    /** A guest's code, made from its image when it was let go; null when the disk has lost that, and it must be compiled again. */
    @Nullable
    GuestCode code(CompiledGuest guest) {
        guest.used();
        GuestCode code = guest.code();
        return code != null ? code : load(guest);
    }

    private @Nullable GuestCode load(CompiledGuest guest) {
        Object one = loading.computeIfAbsent(guest.digest(), _ -> new Object());
        GuestCode code;
        synchronized (one) {
            try {
                code = guest.code();
                if (code != null) {
                    return code;
                }
                long begin = System.nanoTime();
                GuestImage image = image(guest);
                if (image == null) {
                    return null;
                }
                CompiledGuest engine = guest.engine();
                GuestCode engines = engine == null ? null : code(engine);
                if (engine != null && engines == null) {
                    return null;
                }
                code = image.load(engines);
                if (code == null) {
                    return null;
                }
                guest.code(code);
                listener.restored(guest.digest(), System.nanoTime() - begin);
            } finally {
                loading.remove(guest.digest(), one);
            }
        }
        keep(guest);
        return code;
    }

    private @Nullable GuestImage image(CompiledGuest guest) {
        GuestImage own = guest.image();
        if (own != null || disk == null) {
            return own;
        }
        byte[] kept = disk.get(guest.imageKey());
        return kept == null ? null : GuestImage.decode(kept);
    }
}
