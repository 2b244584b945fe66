package ai.realm.runtime.guest;

import static ai.realm.runtime.guest.Attack.answered;
import static ai.realm.runtime.guest.Attack.refused;
import static ai.realm.runtime.guest.GuestFixture.wasm;
import static ai.realm.runtime.guest.WasmBytes.I32;
import static ai.realm.runtime.guest.WasmBytes.body;
import static ai.realm.runtime.guest.WasmBytes.guestWith;
import static ai.realm.runtime.guest.WasmBytes.module;
import static ai.realm.runtime.guest.WasmBytes.part;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** Modules of the wrong shape, with forbidden parts, or made to break the parser or the compiler. */
final class HostileShape {
    private static final String MEMORY = "(memory (export \"memory\") 1) ";
    private static final String GENERATE = "(func (export \"generate\") (param i32 i32 i32 i32) (result i32) (i32.const 8)) ";

    private HostileShape() {
    }

    private static Supplier<byte[]> wat(String parts) {
        return () -> wasm("(module " + parts + ")");
    }

    static List<Attack> signatures() {
        String s = "ABI";
        return List.of(
                refused(s, "generate with three parameters",
                        wat(MEMORY + "(func (export \"generate\") (param i32 i32 i32) (result i32) (i32.const 8))"),
                        "export generate has signature (i32, i32, i32) -> (i32)", "wanted: (i32, i32, i32, i32) -> (i32)"),
                refused(s, "generate without a result", wat(MEMORY + "(func (export \"generate\") (param i32 i32 i32 i32))"),
                        "(i32, i32, i32, i32) -> ()"),
                refused(s, "generate of 64-bit numbers",
                        wat(MEMORY + "(func (export \"generate\") (param i64 i32 i32 i32) (result i32) (i32.const 8))"),
                        "(i64, i32"),
                refused(s, "generate that is a global", wat(MEMORY + "(global (export \"generate\") i32 (i32.const 1))"),
                        "export generate is a global"),
                refused(s, "no generate", wat(MEMORY), "does not export generate"),
                refused(s, "on_token with one parameter",
                        wat(MEMORY + GENERATE + "(func (export \"on_token\") (param i32) (result i32) (i32.const 0))"),
                        "export on_token has signature (i32) -> (i32)"),
                refused(s, "realm_alloc without a result", wat(MEMORY + GENERATE + "(func (export \"realm_alloc\") (param i32))"),
                        "export realm_alloc"),
                refused(s, "realm_free with a result",
                        wat(MEMORY + GENERATE + "(func (export \"realm_free\") (param i32 i32) (result i32) (i32.const 0))"),
                        "export realm_free"),
                refused(s, "_initialize with a parameter", wat(MEMORY + GENERATE + "(func (export \"_initialize\") (param i32))"),
                        "export _initialize"),
                refused(s, "realm_abi_version of 64 bits",
                        wat(MEMORY + GENERATE + "(func (export \"realm_abi_version\") (result i64) (i64.const 0))"),
                        "export realm_abi_version"),
                refused(s, "realm_abi_version 7",
                        wat(MEMORY + GENERATE + "(func (export \"realm_abi_version\") (result i32) (i32.const 7))"),
                        "returned 7"),
                refused(s, "realm_abi_version that traps",
                        wat(MEMORY + GENERATE + "(func (export \"realm_abi_version\") (result i32) unreachable)"), "unreachable"),
                refused(s, "realm_abi_version that asks the host",
                        wat("(import \"env\" \"realm_host_request\" (func $r (param i32 i32) (result i32))) " + MEMORY + GENERATE
                                + "(func (export \"realm_abi_version\") (result i32) (call $r (i32.const 0) (i32.const 0)))"),
                        "must not call realm_host_request"),
                refused(s, "a start section that traps", wat(MEMORY + GENERATE + "(func $s unreachable) (start $s)"),
                        "start section"));
    }

    static List<Attack> imports() {
        String s = "import";
        String rest = MEMORY + GENERATE;
        return List.of(
                refused(s, "WASI path_open",
                        wat("(import \"wasi_snapshot_preview1\" \"path_open\" (func (param i32 i32 i32 i32) (result i32))) "
                                + rest),
                        "wasi_snapshot_preview1.path_open", "does not offer"),
                refused(s, "env.abort", wat("(import \"env\" \"abort\" (func (param i32 i32 i32 i32))) " + rest), "env.abort"),
                refused(s, "a host function of another module",
                        wat("(import \"realm\" \"realm_host_emit\" (func (param i32 i32) (result i32))) " + rest),
                        "realm.realm_host_emit"),
                refused(s, "realm_host_generate with five parameters",
                        wat("(import \"env\" \"realm_host_generate\" (func (param i32 i32 i32 i32 i32) (result i32))) " + rest),
                        "env.realm_host_generate has signature (i32, i32, i32, i32, i32) -> (i32)"),
                refused(s, "realm_host_log with a result",
                        wat("(import \"env\" \"realm_host_log\" (func (param i32 i32 i32) (result i32))) " + rest),
                        "wanted: (i32, i32, i32) -> ()"),
                refused(s, "a host function as a global", wat("(import \"env\" \"realm_host_emit\" (global i32)) " + rest),
                        "(global)"),
                refused(s, "a table", wat("(import \"env\" \"table\" (table 1 funcref)) " + rest), "(table)"),
                refused(s, "a name of control characters",
                        wat("(import \"env\" \"a\\0a\\1b[31m\" (func)) " + rest), "a\\n\\u{1b}[31m"),
                refused(s, "two thousand times the same function",
                        wat("(import \"env\" \"realm_host_emit\" (func (param i32 i32) (result i32)))".repeat(2000) + rest),
                        "2000 imports"));
    }

    static List<Attack> instructions() {
        String s = "instruction";
        return List.of(
                refused(s, "SIMD", wat(MEMORY + GENERATE + "(func (drop (v128.const i32x4 0 0 0 0)))"), "V128_CONST"),
                refused(s, "a SIMD parameter", wat(MEMORY + GENERATE + "(func (param v128))"), "wanted: i32, i64"),
                refused(s, "a tail call", () -> WasmBytes.guest(body(part().bytes(0x20, 0, 0x20, 0, 0x20, 0, 0x20, 0, 0x12, 0))),
                        "RETURN_CALL"),
                refused(s, "an atomic add", () -> WasmBytes.guest(body(part().bytes(0x41, 0, 0x41, 0, 0xfe, 0x1e, 2, 0))),
                        "ATOMIC"),
                refused(s, "a struct type", () -> guestWith(1, part().u(2).bytes(0x60, 4, I32, I32, I32, I32, 1, I32)
                        .bytes(0x5f, 1, I32, 1)), "struct or an array"),
                refused(s, "an exception tag", () -> guestWith(1, WasmBytes.types()).length == 0 ? new byte[0] : tagged(),
                        "tags"),
                refused(s, "an instruction that does not exist", () -> WasmBytes.guest(body(part().bytes(0xff, 0xff))),
                        "refused"),
                refused(s, "a body that leaves nothing on the stack", () -> WasmBytes.guest(body(part().bytes(0x01))), "refused"),
                refused(s, "a body that leaves another type", () -> WasmBytes.guest(body(part().bytes(0x42, 0))), "refused"));
    }

    private static byte[] tagged() {
        return module().section(1, WasmBytes.types()).section(3, part().bytes(1, 0)).section(5, WasmBytes.memoryOfOnePage())
                .section(13, part().bytes(1, 0, 1)).section(7, WasmBytes.usualExports())
                .section(10, part().u(1).raw(body(part().bytes(0x41, 8)).get())).get();
    }

    static List<Attack> bombs() {
        String s = "size";
        return List.of(
                refused(s, "a module of 2 MiB", wat(MEMORY + GENERATE + "(data \"" + "x".repeat(2 << 20) + "\")"), "module_bytes",
                        "1048576 bytes allowed"),
                refused(s, "20000 functions",
                        wat(MEMORY + GENERATE + "(func)".repeat(20_000)), "20001 functions", "at most 10000"),
                refused(s, "50000 locals in a function", () -> WasmBytes.guest(part().sized(part().u(1).u(50_000).bytes(I32)
                        .bytes(0x41, 8, 0x0b))), "50000"),
                refused(s, "2^32-1 locals in a function",
                        () -> WasmBytes.guest(part().sized(part().u(1).u(0xffff_ffffL).bytes(I32)
                                .bytes(0x41, 8, 0x0b))),
                        "refused"),
                refused(s, "a br_table with half a million targets",
                        () -> WasmBytes.guest(body(part().bytes(0x02, 0x40, 0x20, 0, 0x0e).u(500_000).times(500_001, 0)
                                .bytes(0x0b, 0x41, 8))),
                        "br_table targets"),
                refused(s, "a function too large for the Java machine",
                        () -> WasmBytes.guest(body(part().times(40_000, 0x41, 1, 0x1a).bytes(0x41, 8))), "refused"),
                refused(s, "blocks nested 100000 deep",
                        () -> WasmBytes.guest(body(part().times(100_000, 0x02, 0x40).times(100_000, 0x0b)
                                .bytes(0x41, 8))),
                        "deep"),
                refused(s, "a type with 1000 parameters", wat(MEMORY + GENERATE + "(func (param " + "i32 ".repeat(1000) + "))"),
                        "1000 parameters"),
                refused(s, "a type with 1000 results",
                        wat(MEMORY + GENERATE + "(type (func (result " + "i32 ".repeat(1000) + ")))"), "1000 results"),
                refused(s, "10000 globals", wat(MEMORY + GENERATE + "(global i32 (i32.const 0))".repeat(10_000)),
                        "10000 globals"),
                refused(s, "10000 types",
                        () -> guestWith(1, part().u(10_001).bytes(0x60, 4, I32, I32, I32, I32, 1, I32).times(10_000,
                                0x60, 0, 0)),
                        "10001 types"),
                refused(s, "2000 exports", () -> guestWith(7, manyExports()), "2002 exports"),
                answered(s, "a custom section of half a megabyte",
                        () -> module().section(0, part().name("x").times(500_000, 'y'))
                                .raw(Arrays.copyOfRange(plain(), 8, plain().length))
                                .get(),
                        ""));
    }

    private static WasmBytes manyExports() {
        WasmBytes w = part().u(2002).name("memory").bytes(2, 0).name("generate").bytes(0, 0);
        for (int i = 0; i < 2000; i++) {
            w.name("e" + i).bytes(0, 0);
        }
        return w;
    }

    private static byte[] plain() {
        return WasmBytes.guest(body(part().bytes(0x41, 8)));
    }

    static List<Attack> malformed() {
        String s = "binary";
        return List.of(refused(s, "nothing", () -> new byte[0], "begins with nothing"),
                refused(s, "not WebAssembly", () -> new byte[]{'G', 'G', 'U', 'F', 1, 0, 0, 0}, "47 47 55 46"),
                refused(s, "version 2", () -> new byte[]{0, 'a', 's', 'm', 2, 0, 0, 0}, "version 2"),
                refused(s, "a component", () -> new byte[]{0, 'a', 's', 'm', 0x0d, 0, 1, 0}, "a component"),
                refused(s, "only a header", () -> module().get(), "no memory"),
                refused(s, "a section longer than the file", () -> module().bytes(1).u(1000).bytes(0).get(), "refused"),
                refused(s, "a section of 2^31 bytes", () -> module().bytes(0).u(1L << 31).bytes(0).get(), "refused"),
                refused(s, "a number that does not end", () -> module().bytes(1).times(20, 0xff).get(), "refused"),
                refused(s, "2^32-1 types", () -> guestWith(1, part().u(0xffff_ffffL)), "refused"),
                refused(s, "2^32-1 functions", () -> guestWith(3, part().u(0xffff_ffffL)), "refused"),
                refused(s, "2^32-1 exports", () -> guestWith(7, part().u(0xffff_ffffL)), "refused"),
                refused(s, "2^32-1 data segments", () -> guestWith(11, part().u(0xffff_ffffL)), "refused"),
                refused(s, "sections out of order",
                        () -> module().section(3, part().bytes(1, 0)).section(1, WasmBytes.types()).get(),
                        "refused"),
                refused(s, "two memory sections", () -> module().section(5, WasmBytes.memoryOfOnePage())
                        .section(5, WasmBytes.memoryOfOnePage()).get(), "refused"),
                refused(s, "a function without a body", () -> guestWith(3, part().bytes(2, 0, 1)), "refused"),
                refused(s, "a type that does not exist", () -> guestWith(3, part().bytes(1, 99)), "refused"),
                refused(s, "an export of a function that does not exist",
                        () -> guestWith(7, part().u(2).name("memory").bytes(2, 0).name("generate").bytes(0, 99)), "refused"),
                refused(s, "two exports of one name", () -> guestWith(7,
                        part().u(3).name("memory").bytes(2, 0).name("generate").bytes(0, 0).name("generate").bytes(0, 0)),
                        "refused"),
                refused(s, "a name that is not UTF-8", () -> guestWith(7,
                        part().u(3).name("memory").bytes(2, 0).name("generate").bytes(0, 0).u(2).bytes(0xc3, 0x28, 0, 0)),
                        "refused"),
                refused(s, "the first half of a module", () -> Arrays.copyOf(plain(), plain().length / 2), "refused"),
                refused(s, "all but the last byte of a module", () -> Arrays.copyOf(plain(), plain().length - 1), "refused"));
    }
}
