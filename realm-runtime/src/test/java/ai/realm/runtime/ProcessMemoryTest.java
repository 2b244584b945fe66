package ai.realm.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessMemoryTest {
    private static final long GB = 1L << 30;

    @Test
    void of_eightGigabytes_leavesWhatHeapAndJvmDoNotTake() {
        ProcessMemory m = ProcessMemory.of(8 * GB, 2 * GB);
        assertThat(m.modelBytes()).isBetween(4 * GB, 5 * GB);
        assertThat(m.describe()).isEqualTo("memory 8192 MB, heap at most 2048 MB, models at most 4812 MB");
    }

    @Test
    void of_lessThanTheHeap_stillNamesAFloor() {
        assertThat(ProcessMemory.of(GB, 2 * GB).modelBytes()).isEqualTo(256L << 20);
    }

    @Test
    void detect_here_isWithinTheMachine() {
        ProcessMemory m = ProcessMemory.detect();
        assertThat(m.modelBytes()).isPositive().isLessThan(m.totalBytes());
    }
}
