package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.guest.Guests;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Mutated bytes of valid modules: each is refused, or runs and fails or answers; nothing else, and never the host's own defect. */
class GuestFuzzTest {
    private static final int MUTANTS = 3000;
    private static final long SEED = 20_261_123;
    private static final Set<ErrorCode> EXPECTED = EnumSet.of(ErrorCode.GUEST_FAILED, ErrorCode.GUEST_LIMIT,
            ErrorCode.MODEL_NOT_FOUND, ErrorCode.EMPTY_PROMPT);

    @Test
    void mutants_areRefusedOrContained() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.cpuTime = Duration.ofMillis(20);
        limits.memoryPages = 16;
        limits.compileTime = Duration.ofSeconds(30);
        try (GuestFixture f = new GuestFixture()) {
            f.limits = limits.build();
            List<byte[]> seeds = List.of(Guests.load("default"), Guests.load("suffix"),
                    GuestFixture.wasm(GuestFixture.answersNumber("(call $request (i32.const 64) (i32.const 64))")));
            Random random = new Random(SEED);
            int ran = 0;
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
            for (int i = 0; i < MUTANTS && System.nanoTime() < end; i++) {
                byte[] mutant = mutate(seeds.get(i % seeds.size()), random);
                f.context = f.context();
                ran += attempt(f, mutant, i) ? 1 : 0;
            }
            assertThat(ran).as("mutants that were accepted").isPositive();
            assertThat(f.leases).hasValue(0);
            assertThat(f.sessions.open).hasValue(0);
            f.context = f.context();
            f.limits = GuestFixture.limits();
            assertThat(f.run(Guests.load("default")).text()).isEqualTo("Paris");
        }
    }

    private static boolean attempt(GuestFixture f, byte[] mutant, int number) {
        GuestModule module;
        try {
            module = f.host.register(mutant, f.limits);
        } catch (RealmException e) {
            assertThat(e.code()).as("mutant %d: %s", number, e.getMessage()).isEqualTo(ErrorCode.GUEST_REFUSED);
            return false;
        }
        Outcome o = f.run(module);
        if (o.error() != null) {
            assertThat(o.code()).as("mutant %d: %s", number, o.message()).isIn(EXPECTED);
        }
        return true;
    }

    private static byte[] mutate(byte[] module, Random random) {
        byte[] mutant = module.clone();
        int changes = 1 + random.nextInt(3);
        for (int i = 0; i < changes; i++) {
            int at = 8 + random.nextInt(mutant.length - 8);
            mutant[at] = switch (random.nextInt(4)) {
                case 0 -> (byte) random.nextInt(256);
                case 1 -> (byte) (mutant[at] ^ 1 << random.nextInt(8));
                case 2 -> (byte) (mutant[at] + 1);
                default -> (byte) 0xff;
            };
        }
        return random.nextInt(10) == 0 ? java.util.Arrays.copyOf(mutant, 8 + random.nextInt(mutant.length - 8)) : mutant;
    }
}
