package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a guest's author is told about a trap: the export, the functions and where they were. */
class GuestTraceTest {
    private static final int IMPORTED = HostImport.values().length - 1;
    private static final int MARK = 0x1234567;
    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    /** Function 0 of its own is the allocator, 1 writes numbers, 2 fails, 3 is generate. */
    private static byte[] failing(String fails) {
        return GuestFixture.wasm(GuestFixture.guest(GuestFixture.BASICS
                + """
                        (func $inner (param $zero i32)
                          (drop (block (result i32) (br 0 (i32.const 7)) (unreachable)))
                          (drop (i32.load (i32.const 64)))
                          (drop (i32.const 19088743))
                          %s)
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (call $inner (i32.const 0)) (i32.const 8))
                        """
                        .formatted(fails)));
    }

    private static byte[] named(byte[] wasm, List<String> own) {
        ByteArrayOutputStream map = new ByteArrayOutputStream();
        WasmSections.writeLeb(map, own.size());
        for (int i = 0; i < own.size(); i++) {
            byte[] name = own.get(i).getBytes(StandardCharsets.UTF_8);
            WasmSections.writeLeb(map, IMPORTED + i);
            WasmSections.writeLeb(map, name.length);
            map.writeBytes(name);
        }
        ByteArrayOutputStream section = new ByteArrayOutputStream();
        section.writeBytes(new byte[]{4, 'n', 'a', 'm', 'e', 1});
        WasmSections.writeLeb(section, map.size());
        section.writeBytes(map.toByteArray());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(wasm);
        out.write(0);
        WasmSections.writeLeb(out, section.size());
        out.writeBytes(section.toByteArray());
        return out.toByteArray();
    }

    /** Where the code after the mark begins: {@code i32.const} with its four bytes and {@code drop}. */
    private static long afterMark(byte[] wasm) {
        byte[] leb = {0x41, (byte) 0xe7, (byte) 0x8a, (byte) 0x8d, 0x09};
        assertThat(MARK).isEqualTo(19088743);
        for (int i = 0; i < wasm.length - leb.length; i++) {
            if (java.util.Arrays.equals(wasm, i, i + leb.length, leb, 0, leb.length)) {
                return i + leb.length + 1L;
            }
        }
        throw new AssertionError("no mark");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"(unreachable)|0|unreachable",
            "(drop (i32.load (i32.const -4)))|2|out of bounds",
            "(drop (i32.div_s (i32.const 1) (local.get $zero)))|4|divide by zero",
            "(memory.fill (i32.const 0) (i32.const 0) (i32.const -1))|6|out of bounds"})
    void trap_namesExportFunctionsAndPlaces(String fails, int distance, String why) {
        byte[] wasm = named(failing(fails), List.of("alloc", "number", "parse_digits", "answer"));
        Outcome o = f.run(wasm);
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains(why).contains("in export generate: parse_digits at 0x"
                + Long.toHexString(afterMark(wasm) + distance) + " < answer at 0x");
    }

    @Test
    void withoutNames_functionsHaveTheirNumbers() {
        assertThat(f.run(failing("(unreachable)")).message())
                .contains("function " + (IMPORTED + 2) + " at 0x").contains("< function " + (IMPORTED + 3) + " at 0x");
    }

    @Test
    void hostileNames_areEscapedAndCut() {
        String bad = "x\n\u001b[31m" + "y".repeat(500);
        String message = f.run(named(failing("(unreachable)"), List.of("a", "b", bad, bad))).message();
        assertThat(message).doesNotContain("\n").doesNotContain("\u001b").hasSizeLessThan(400);
    }

    @Test
    void brokenNameSection_isAsGoodAsNone() {
        byte[] wasm = failing("(unreachable)");
        byte[] broken = java.util.Arrays.copyOf(wasm, wasm.length + 9);
        System.arraycopy(new byte[]{0, 7, 4, 'n', 'a', 'm', 'e', 1, 120}, 0, broken, wasm.length, 9);
        try {
            assertThat(f.run(broken).message()).contains("function " + (IMPORTED + 2));
        } catch (ai.realm.core.error.RealmException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.GUEST_REFUSED);
        }
    }

    @Test
    void deepRecursion_showsEightFrames() {
        LimitsBuilder limits = new LimitsBuilder();
        f.limits = limits.build();
        byte[] wasm = GuestFixture.wasm(GuestFixture.guest(GuestFixture.BASICS
                + """
                        (func $down (param $n i32)
                          (if (i32.eqz (local.get $n)) (then (unreachable)))
                          (call $down (i32.sub (local.get $n) (i32.const 1))))
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (call $down (i32.const 100)) (i32.const 8))
                        """));
        String message = f.run(wasm).message();
        assertThat(message.split(" < ")).hasSize(9);
        assertThat(message).endsWith("< …");
    }

    @Test
    void trapAtRegistration_isToldToo() {
        byte[] wasm = GuestFixture.wasm(GuestFixture.generates("(i32.const 8)").replace("(func (export \"generate\")",
                "(func (export \"realm_abi_version\") (result i32) (unreachable)) (func (export \"generate\")"));
        assertThatThrownBy(() -> f.host.register(wasm, f.limits)).hasMessageContaining("unreachable")
                .hasMessageContaining("function " + (IMPORTED + 2) + " at 0x");
    }
}
