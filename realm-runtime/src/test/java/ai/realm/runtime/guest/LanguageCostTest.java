package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a request costs through guests of languages that start once: processor time of the guest's thread, which a busy machine makes
 * longer but not much. {@code -Drealm.cost.go=FILE} measures a guest in Go too; the numbers go to {@code target/guest-languages.txt}.
 */
class LanguageCostTest {
    private static final int REQUESTS = Integer.getInteger("realm.cost.requests", 300);

    private static void note(String line) throws IOException {
        Files.writeString(Path.of("target/guest-languages.txt"), line + System.lineSeparator(), StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    /** Microseconds of the median request after the first half. */
    private static double median(byte[] wasm, String name) throws IOException {
        try (GuestFixture f = new GuestFixture()) {
            f.limits = GuestLimits.defaults();
            f.config.put("signature", "Ada");
            GuestModule guest = f.host.register(wasm, f.limits);
            for (int i = 0; i < REQUESTS; i++) {
                f.context = f.context();
                f.sessions.commands.clear();
                assertThat(f.run(guest).text()).isEqualTo("Paris -- Ada");
            }
            long[] last = f.cpuNanos.subList(REQUESTS / 2, REQUESTS).stream().mapToLong(Long::longValue).sorted().toArray();
            double micros = last[last.length / 2] / 1e3;
            note("%s: %d requests, median %.0f us, p90 %.0f us of processor time, of the first %.0f us".formatted(name, REQUESTS,
                    micros,
                    last[last.length * 9 / 10] / 1e3,
                    Arrays.stream(f.cpuNanos.toArray(Long[]::new)).findFirst().orElse(0L) / 1e3));
            return micros;
        }
    }

    @Test
    void javascript_costsARequestLittle() throws IOException {
        assertThat(
                median(GuestScripts.javascript(Files.readAllBytes(Path.of("../sdk/javascript/template/guest.js"))), "javascript"))
                .isLessThan(20_000);
    }

    @Test
    void go_ifThereIsAGuest() throws IOException {
        String file = System.getProperty("realm.cost.go");
        if (file != null) {
            assertThat(median(Files.readAllBytes(Path.of(file)), "go")).isLessThan(20_000);
        }
    }

    private static byte[] script(int i) throws IOException {
        String source = Files.readString(Path.of("../sdk/javascript/template/guest.js"));
        return GuestScripts.javascript((source + "\nconst number = " + i + ";\n").getBytes(StandardCharsets.UTF_8));
    }

    private static long heap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** Scripts of many tenants: the time to push them, what each holds of the heap, and the first request of one that was let go. */
    @Test
    void scripts_ofManyTenants_areQuicklyPushedAndSmall(@TempDir Path cache) throws Exception {
        int tenants = Integer.getInteger("realm.cost.tenants", 20);
        int megabytes = Integer.getInteger("realm.cost.megabytes", 128);
        try (GuestFixture f = new GuestFixture(GuestHostOptions.defaults().withCpuShare(1).withCompiledCache(cache)
                .withCompiledMegabytes(megabytes))) {
            f.limits = GuestLimits.defaults();
            f.run(f.host.register(script(-1), f.limits));
            long before = heap();
            long begin = System.nanoTime();
            List<GuestModule> modules = new ArrayList<>();
            for (int i = 0; i < tenants; i++) {
                modules.add(f.host.register("tenant-" + i, script(i), f.limits));
            }
            double seconds = (System.nanoTime() - begin) / 1e9;
            double each = (heap() - before) / 1024.0 / tenants;
            List<Long> first = new ArrayList<>();
            for (GuestModule m : modules) {
                f.context = f.context();
                begin = System.nanoTime();
                assertThat(f.run(m).text()).isEqualTo("Paris");
                first.add(System.nanoTime() - begin);
            }
            first.sort(null);
            note("%d scripts, %d MB of code held: pushed in %.1f s, %.0f KiB of heap each, first request median %.1f ms, p90 %.1f ms"
                    .formatted(
                            tenants, megabytes, seconds, each, first.get(tenants / 2) / 1e6, first.get(tenants * 9 / 10) / 1e6));
            assertThat(each).isLessThan(400);
        }
    }
}
