package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.RealmException;
import ai.realm.guest.Guests;
import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * After many hostile requests, heap, threads and open files are back where they were. {@code -Drealm.hostile.requests=10000} runs as
 * many as one likes.
 */
class HostileLeakTest {
    private static final int REQUESTS = Integer.getInteger("realm.hostile.requests", 400);
    private static final long HEAP_NOISE = 16L << 20;

    private record Held(long heap, int threads, long files) {}

    @Test
    void manyHostileRequests_leaveNothingBehind() {
        try (GuestFixture f = new GuestFixture()) {
            f.tenant = "mallory";
            // Not those that only take time, nor the modules of megabytes: they would measure the clock.
            List<Attack> attacks = HostileCollection.all().stream()
                    .filter(a -> !a.surface().equals("endless") && !a.surface().equals("size")).toList();
            Map<Attack, byte[]> modules = attacks.stream().collect(Collectors.toMap(a -> a, a -> a.module().get()));
            GuestModule good = f.host.register(Guests.load("default"), f.limits);
            run(f, attacks, modules, attacks.size());
            Held before = held();
            run(f, attacks, modules, REQUESTS);
            Held after = held();
            assertThat(after.threads()).as("threads").isLessThanOrEqualTo(before.threads() + 2);
            assertThat(after.files()).as("open files").isLessThanOrEqualTo(before.files() + 2);
            assertThat(after.heap() - before.heap()).as("bytes of heap").isLessThan(HEAP_NOISE);
            assertThat(f.leases).hasValue(0);
            assertThat(f.sessions.open).hasValue(0);
            f.context = f.context();
            f.limits = GuestFixture.limits();
            assertThat(f.run(good).text()).isEqualTo("Paris");
        }
    }

    private static void run(GuestFixture f, List<Attack> attacks, Map<Attack, byte[]> modules, int count) {
        for (int i = 0; i < count; i++) {
            Attack attack = attacks.get(i % attacks.size());
            f.limits = HostileCollection.limits(attack);
            f.context = f.context();
            f.sessions.commands.clear();
            try {
                f.run(modules.getOrDefault(attack, new byte[0]));
            } catch (RealmException refused) {
                assertThat(attack.error()).isEqualTo(refused.code());
            }
        }
    }

    private static Held held() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        List<Thread> guests = new ArrayList<>(Thread.getAllStackTraces().keySet());
        guests.removeIf(t -> !t.getName().startsWith("realm-guest"));
        long files = ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? unix.getOpenFileDescriptorCount()
                : 0;
        return new Held(least, guests.size(), files);
    }
}
