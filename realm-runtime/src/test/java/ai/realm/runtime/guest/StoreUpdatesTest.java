package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code realm_host_kv_add} and {@code realm_host_kv_swap}: what they do, what they refuse, and pointers at every boundary. */
class StoreUpdatesTest {
    private static final byte[] KEY = {'k'};
    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    private static String guest(String body) {
        return GuestFixture.generates(body).replace("(global $next", "(data (i32.const 64) \"kabc\") (global $next");
    }

    private Outcome number(String expression) {
        return f.run(guest("(call $number (block (result i32) " + expression + ") (i32.const 16))"));
    }

    private static String add(String delta) {
        return "(call $kv_add (i32.const 64) (i32.const 1) (i64.const " + delta + ") (i32.const 128))";
    }

    private static String swap(String oldLen, String newLen) {
        return "(call $kv_swap (i32.const 64) (i32.const 1) (i32.const 65) (i32.const " + oldLen + ") (i32.const 66) (i32.const "
                + newLen + "))";
    }

    private byte[] eight(long value) {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    }

    @Test
    void add_beginsAtZero_andWritesTheSum() {
        assertThat(number("(drop " + add("5") + ") (drop " + add("-7") + ") (i32.wrap_i64 (i64.load (i32.const 128)))").text())
                .isEqualTo("-2");
        assertThat(f.kv.get(KEY)).isEqualTo(eight(-2));
        assertThat(number(add("0")).text()).isEqualTo("0");
    }

    @ParameterizedTest
    @CsvSource({"9223372036854775807, 1", "-9223372036854775808, -1"})
    void add_beyond64Bits_changesNothing(long before, String delta) {
        f.kv.set(KEY, eight(before));
        assertThat(number(add(delta)).text()).isEqualTo("-17");
        assertThat(f.kv.get(KEY)).isEqualTo(eight(before));
    }

    @Test
    void add_toWhatIsNoNumber_isABadOption() {
        f.kv.set(KEY, new byte[]{1, 2, 3});
        assertThat(number(add("1")).text()).isEqualTo("-17");
        assertThat(f.kv.get(KEY)).containsExactly(1, 2, 3);
    }

    @Test
    void swap_ofTheValue_ofNone_andOfAnother() {
        assertThat(number(swap("1", "1")).text()).as("there is none").isEqualTo("-21");
        assertThat(number(swap("-1", "1")).text()).as("none to b").isEqualTo("0");
        assertThat(f.kv.get(KEY)).containsExactly('b');
        assertThat(number(swap("-1", "1")).text()).as("there is one").isEqualTo("-21");
        assertThat(
                number("(call $kv_swap (i32.const 64) (i32.const 1) (i32.const 66) (i32.const 1) (i32.const 65) (i32.const 3))")
                        .text())
                .as("b to abc").isEqualTo("0");
        assertThat(f.kv.get(KEY)).containsExactly('a', 'b', 'c');
        assertThat(number(swap("3", "-1")).text()).as("abc to none").isEqualTo("0");
        assertThat(f.kv.get(KEY)).isNull();
    }

    @Test
    void staleSwap_isNotWhyTheGuestFails() {
        Outcome o = f.run(guest("(drop " + swap("1", "1") + ") (i32.const 0)"));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains("generate returned 0");
    }

    @ParameterizedTest
    @CsvSource({"0,1", "65535,2", "65536,0", "65536,1", "-1,1", "-1,-2", "2147483647,2147483647", "64,-2",
            "-2147483648,-2147483648"})
    void pointersAtBoundaries_areErrorsOfTheGuest(String ptr, String len) {
        for (String call : new String[]{
                "(call $kv_add (i32.const %1$s) (i32.const %2$s) (i64.const 1) (i32.const 128))",
                "(call $kv_add (i32.const 64) (i32.const 1) (i64.const 1) (i32.const 65529))",
                "(call $kv_add (i32.const 64) (i32.const 1) (i64.const 1) (i32.const -1))",
                "(call $kv_swap (i32.const %1$s) (i32.const %2$s) (i32.const 64) (i32.const 1) (i32.const 64) (i32.const 1))",
                "(call $kv_swap (i32.const 64) (i32.const 1) (i32.const %1$s) (i32.const %2$s) (i32.const 64) (i32.const 1))",
                "(call $kv_swap (i32.const 64) (i32.const 1) (i32.const 64) (i32.const -1) (i32.const %1$s) (i32.const %2$s))"}) {
            String text = number(call.formatted(ptr, len)).text();
            assertThat(text).as(call.formatted(ptr, len)).isIn("0", "-3", "-17", "-20", "-21");
        }
    }

    @Test
    void budget_holdsForUpdatesToo() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.kvBytes = 100;
        f.limits = limits.build();
        Outcome o = f.run(guest("(drop (call $kv_swap (i32.const 64) (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 64) "
                + "(i32.const 200))) (i32.const 0)"));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_LIMIT);
        assertThat(o.message()).contains("kv_bytes: 100 bytes");
    }

    @Test
    void updates_areCounted() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.kvUpdates = 3;
        f.limits = limits.build();
        Outcome o = f.run(guest(("(drop " + add("1") + ")").repeat(5) + "(i32.const 0)"));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_LIMIT);
        assertThat(o.message()).contains("kv_updates: 3 allowed by guest_limits.kv_updates, 4 reached");
        assertThat(f.kv.get(KEY)).isEqualTo(eight(3));
    }
}
