package ai.realm.runtime.guest;

import static ai.realm.runtime.guest.Attack.answered;
import static ai.realm.runtime.guest.Attack.fails;
import static ai.realm.runtime.guest.Attack.refused;
import static ai.realm.runtime.guest.GuestFixture.BASICS;
import static ai.realm.runtime.guest.GuestFixture.answersNumber;
import static ai.realm.runtime.guest.GuestFixture.generates;
import static ai.realm.runtime.guest.GuestFixture.guest;
import static ai.realm.runtime.guest.GuestFixture.wasm;
import static ai.realm.runtime.guest.WasmBytes.guestWith;
import static ai.realm.runtime.guest.WasmBytes.part;

import ai.realm.core.error.ErrorCode;
import java.util.List;
import java.util.function.Supplier;

/** Modules that want all memory, and allocators that lie. */
final class HostileMemory {
    private static final String GENERATE = """
            (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
              %s)
            """;

    private HostileMemory() {
    }

    private static Supplier<byte[]> wat(String wat) {
        return () -> wasm(wat);
    }

    /** A module with this memory and these tables and segments, and a generate that answers nothing. */
    private static Supplier<byte[]> with(String parts) {
        return wat("(module " + parts + GENERATE.formatted("(i32.const 8)") + ")");
    }

    private static Supplier<byte[]> alloc(String body) {
        return wat(guest("(memory (export \"memory\") 1) (global $calls (mut i32) (i32.const 0)) "
                + "(func (export \"realm_alloc\") (param $len i32) (result i32) " + body + ")"
                + GENERATE.formatted("(i32.const 8)")));
    }

    static List<Attack> memories() {
        String s = "memory";
        return List.of(
                answered(s, "memory.grow to 4 GiB", wat(answersNumber("(memory.grow (i32.const 65535))")), "-1"),
                answered(s, "memory.grow one page at a time",
                        wat(answersNumber(
                                "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (memory.size)")),
                        "64"),
                answered(s, "memory.grow by 2^32-1 pages", wat(answersNumber("(memory.grow (i32.const -1))")), "-1"),
                refused(s, "30000 pages from the start", with("(memory (export \"memory\") 30000)"), "30000 pages", "at most 64"),
                refused(s, "65536 pages from the start", with("(memory (export \"memory\") 65536)"), "65536 pages"),
                refused(s, "65537 pages from the start",
                        () -> guestWith(5, part().bytes(1, 0).u(65_537)), "the module was refused"),
                refused(s, "two memories", () -> guestWith(5, part().bytes(2, 0, 1, 0, 1)), "2 memories", "exactly one"),
                refused(s, "a hundred memories", () -> guestWith(5, part().bytes(100).times(100, 0, 1)), "100 memories"),
                refused(s, "no memory", with(""), "no memory"),
                refused(s, "an imported memory", with("(import \"env\" \"memory\" (memory 1)) (export \"memory\" (memory 0))"),
                        "imports its memory"),
                refused(s, "a memory that is not exported", with("(memory 1)"), "exports no memory"),
                refused(s, "a function exported as memory", with("(memory 1) (func (export \"memory\"))"),
                        "export memory is a function"),
                refused(s, "a shared memory", () -> guestWith(5, part().bytes(1, 3, 1, 2)), "the module was refused"),
                refused(s, "a memory of 64-bit addresses", () -> guestWith(5, part().bytes(1, 4, 1)), "the module was refused"),
                refused(s, "a data segment past the memory's end",
                        with("(memory (export \"memory\") 1) (data (i32.const 65530) \"0123456789\")"), "out of bounds"),
                refused(s, "a data segment at 2^32-1", with("(memory (export \"memory\") 1) (data (i32.const -1) \"01\")"),
                        "out of bounds"),
                refused(s, "a data segment of 900 KB in one page",
                        with("(memory (export \"memory\") 1) (data (i32.const 0) \"" + "x".repeat(900_000) + "\")"),
                        "out of bounds"),
                refused(s, "100000 data segments", () -> guestWith(11, part().u(100_000).times(100_000, 0, 0x41, 0, 0x0b, 0)),
                        "100000 data segments"),
                fails(s, "memory.init of a dropped segment",
                        wat(guest(BASICS + "(data $d \"abc\")" + GENERATE.formatted(
                                "(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)) (i32.const 8)"))),
                        ErrorCode.GUEST_FAILED, "trap"),
                fails(s, "load past the end", wat(generates("(i32.load (i32.const 65533))")), ErrorCode.GUEST_FAILED,
                        "out of bounds memory access"),
                fails(s, "load at 2^32-1 plus an offset of 2^32-1", wat(generates("(i32.load offset=4294967295 (i32.const -1))")),
                        ErrorCode.GUEST_FAILED, "out of bounds memory access"),
                fails(s, "memory.copy with a sum that wraps",
                        wat(generates("(memory.copy (i32.const -8) (i32.const 0) (i32.const 16)) (i32.const 8)")),
                        ErrorCode.GUEST_FAILED, "out of bounds memory access"));
    }

    static List<Attack> tables() {
        String s = "table";
        return List.of(
                refused(s, "ten million elements", with("(memory (export \"memory\") 1) (table 10000000 funcref)"),
                        "10000000 elements",
                        "at most 1000"),
                refused(s, "2^32-1 elements", () -> guestWith(4, part().bytes(1, 0x70, 0).u(0xffff_ffffL)),
                        "the module was refused"),
                refused(s, "ten tables of 200 elements",
                        with("(memory (export \"memory\") 1) " + "(table 200 funcref)".repeat(10)),
                        "2000 elements"),
                refused(s, "seventeen tables", with("(memory (export \"memory\") 1) " + "(table 1 funcref)".repeat(17)),
                        "17 tables"),
                refused(s, "table.grow", with("(memory (export \"memory\") 1) (table $t 1 funcref) (func (drop (table.grow $t "
                        + "(ref.null func) (i32.const 1))))"), "TABLE_GROW"),
                refused(s, "an element segment past the table's end",
                        with("(memory (export \"memory\") 1) (table 1 funcref) (func $f) (elem (i32.const 1) $f)"),
                        "out of bounds"),
                refused(s, "an element segment at 2^32-1",
                        with("(memory (export \"memory\") 1) (table 1 funcref) (func $f) (elem (i32.const -1) $f)"),
                        "the module was refused"),
                fails(s, "call of a null element", wat(guest(BASICS + "(type $t (func)) (table 1 funcref)"
                        + GENERATE.formatted("(call_indirect (type $t) (i32.const 0)) (i32.const 8)"))), ErrorCode.GUEST_FAILED,
                        "trap"),
                fails(s, "call of an element past the end", wat(guest(BASICS + "(type $t (func)) (table 1 funcref)"
                        + GENERATE.formatted("(call_indirect (type $t) (i32.const 77)) (i32.const 8)"))), ErrorCode.GUEST_FAILED,
                        "trap"),
                fails(s, "call of an element of another type",
                        wat(guest(BASICS + "(type $t (func)) (table 1 funcref) (elem (i32.const 0) $alloc)"
                                + GENERATE.formatted("(call_indirect (type $t) (i32.const 0)) (i32.const 8)"))),
                        ErrorCode.GUEST_FAILED, "trap"));
    }

    static List<Attack> allocators() {
        String s = "realm_alloc";
        ErrorCode failed = ErrorCode.GUEST_FAILED;
        return List.of(fails(s, "has no memory", alloc("(i32.const 0)"), failed, "returned 0, no memory"),
                fails(s, "gives an odd address", alloc("(i32.const 1025)"), failed, "1025", "not 8-byte aligned"),
                fails(s, "gives the memory's end", alloc("(i32.const 65536)"), failed, "65536", "the memory has 65536 bytes"),
                fails(s, "gives a block across the memory's end", alloc("(i32.const 65528)"), failed, "65528"),
                fails(s, "gives 2^32-8", alloc("(i32.const -8)"), failed, "4294967288"),
                fails(s, "gives the same block twice", alloc("(i32.const 1024)"), failed, "overlapping"),
                fails(s, "traps", alloc("unreachable"), failed, "unreachable"),
                fails(s, "traps in on_token only",
                        wat(guest("""
                                (memory (export "memory") 1) (global $calls (mut i32) (i32.const 0))
                                (func (export "realm_alloc") (param $len i32) (result i32)
                                  (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                                  (if (i32.eq (global.get $calls) (i32.const 3)) (then unreachable))
                                  (i32.mul (global.get $calls) (i32.const 1024)))
                                (func (export "on_token") (param i32 i32) (result i32) (i32.const 0))
                                """ + GENERATE
                                .formatted("(call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) "
                                        + "(i32.const 8192) (i32.const 64))"))),
                        failed, "unreachable"),
                fails(s, "generates from inside", alloc("(call $generate (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 0) "
                        + "(i32.const 1024) (i32.const 64)) (drop) (i32.const 0)"), failed, "-18", "realm_alloc"));
    }
}
