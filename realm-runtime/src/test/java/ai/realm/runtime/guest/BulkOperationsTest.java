package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.runtime.ChicoryInterruptedException;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Instructions that work on as much as a guest likes end with the guest, though no loop and no call is around them. */
class BulkOperationsTest {
    private static final Duration ALLOWED = Duration.ofMillis(50);
    /** Far below what the instructions would take, far above what a busy machine lets the watchdog be late. */
    private static final long AT_MOST_NANOS = 700_000_000;
    private static final int PAGES = 256;

    private static final BudgetedMemory.Owner ACME = new BudgetedMemory.Owner() {
        @Override
        public String tenant() {
            return "acme";
        }

        @Override
        public void refused(long pages, boolean own) {
        }

        @Override
        public void waiting(boolean now) {
        }
    };

    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    private static final String COPIES = "(memory.copy (i32.const 0) (i32.const 7) (i32.const 16000000))";
    private static final String COPIES_BACK = "(memory.copy (i32.const 7) (i32.const 0) (i32.const 16000000))";
    private static final String FILLS = "(memory.fill (i32.const 1) (i32.const 7) (i32.const 16000000))";
    private static final String DATA = "(memory.init $data (i32.const 8) (i32.const 0) (i32.const 60000))";
    private static final String TABLE_FILLS = "(table.fill (i32.const 0) (ref.func $f) (i32.const 1000000))";
    private static final String TABLE_COPIES = "(table.copy (i32.const 0) (i32.const 1) (i32.const 900000))";
    private static final String TABLE_COPIES_BACK = "(table.copy (i32.const 1) (i32.const 0) (i32.const 900000))";
    private static final String ELEMENTS = "(table.init $functions (i32.const 0) (i32.const 0) (i32.const 3000))";

    @ParameterizedTest
    @ValueSource(strings = {COPIES, COPIES_BACK, FILLS, DATA, DATA + COPIES, TABLE_FILLS, TABLE_COPIES, TABLE_COPIES_BACK,
            ELEMENTS, ELEMENTS + TABLE_FILLS})
    void straightLineOfBulkOperations_endsWithItsProcessorTime(String operation) {
        LimitsBuilder limits = new LimitsBuilder();
        limits.memoryPages = PAGES;
        limits.tableElements = 1_000_000;
        limits.cpuTime = ALLOWED;
        f.limits = limits.build();
        Outcome o = f.run("""
                (module (memory (export "memory") %d) (table 1000000 funcref) (func $f)
                  (elem $functions func %s)
                  (data $data "%s")
                  (func (export "generate") (param i32 i32 i32 i32) (result i32) %s (i32.const -1)))"""
                .formatted(PAGES - 2, "$f ".repeat(operation.contains(ELEMENTS) ? 3000 : 1), "x".repeat(60_000),
                        operation.repeat(600)));
        assertThat(o.code()).as(o.message()).isIn(ErrorCode.GUEST_LIMIT, ErrorCode.GUEST_FAILED);
        assertThat(f.cpuNanos).hasSize(1).allMatch(nanos -> nanos < AT_MOST_NANOS, "processor time of " + f.cpuNanos);
    }

    @Test
    void copyInParts_isTheCopyOfOneMove() {
        ByteArrayMemory plain = new ByteArrayMemory(new MemoryLimits(40, 40));
        BudgetedMemory parts = new BudgetedMemory(new MemoryLimits(40, 40, false), new PageBudget(40), ACME);
        Random random = new Random(4);
        byte[] content = new byte[40 * GuestMemory.PAGE];
        random.nextBytes(content);
        plain.write(0, content, 0, content.length);
        parts.write(0, content, 0, content.length);
        int part = Checkpoint.BYTES;
        for (int distance : List.of(0, 1, 7, 65_535, part - 1, part, part + 1, 3 * part)) {
            for (int size : List.of(0, 1, part - 1, part, part + 1, 2 * part, 5 * part + 3)) {
                plain.copy(distance, 0, size);
                parts.copy(distance, 0, size);
                plain.copy(11, distance, size);
                parts.copy(11, distance, size);
            }
            plain.fill((byte) distance, distance, distance + 3 * part + 1);
            parts.fill((byte) distance, distance, distance + 3 * part + 1);
        }
        assertThat(parts.readBytes(0, content.length)).isEqualTo(plain.readBytes(0, content.length));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE, 3 * GuestMemory.PAGE, 40 * GuestMemory.PAGE, Integer.MAX_VALUE})
    void copyAndFillOutOfBounds_changeNothing(int size) {
        BudgetedMemory memory = new BudgetedMemory(new MemoryLimits(2, 2, false), new PageBudget(2), ACME);
        byte[] before = memory.readBytes(0, 2 * GuestMemory.PAGE);
        assertThatThrownBy(() -> memory.copy(0, 1, size)).hasMessageContaining("out of bounds");
        assertThatThrownBy(() -> memory.copy(1, 0, size)).hasMessageContaining("out of bounds");
        assertThatThrownBy(() -> memory.fill((byte) 1, 5, 5 + size)).hasMessageContaining("out of bounds");
        assertThat(memory.readBytes(0, 2 * GuestMemory.PAGE)).isEqualTo(before);
    }

    @Test
    void growthThatIsInterrupted_givesBackWhatItDidNotGet() {
        PageBudget budget = new PageBudget(1000);
        assertThat(budget.take("acme", 1, ACME)).isTrue();
        BudgetedMemory memory = new BudgetedMemory(new MemoryLimits(1, 900, false), budget, ACME);
        assertThat(memory.grow(100)).isEqualTo(1);
        assertThat(budget.pages().used()).isEqualTo(101);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> memory.grow(500)).isInstanceOf(ChicoryInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(budget.pages().used()).isEqualTo(memory.pages());
        memory.close();
        assertThat(budget.pages().used()).isZero();
    }
}
