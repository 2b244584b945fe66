package ai.realm.runtime.guest;

import static ai.realm.runtime.guest.Attack.answered;
import static ai.realm.runtime.guest.Attack.fails;
import static ai.realm.runtime.guest.Attack.refused;
import static ai.realm.runtime.guest.GuestFixture.BASICS;
import static ai.realm.runtime.guest.GuestFixture.generates;
import static ai.realm.runtime.guest.GuestFixture.guest;
import static ai.realm.runtime.guest.GuestFixture.wasm;

import ai.realm.core.error.ErrorCode;
import java.util.List;
import java.util.function.Supplier;

/** Modules that do not end, and modules that use up the stack. */
final class HostileTime {
    private static final String GENERATE = """
            (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
              %s)
            """;
    private static final String ONE_GENERATION = """
            (drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) (i32.const 1024) (i32.const 64)))
            """;

    private HostileTime() {
    }

    private static Supplier<byte[]> body(String body) {
        return () -> wasm(generates(body));
    }

    private static Supplier<byte[]> module(String parts, String body) {
        return () -> wasm(guest(BASICS + parts + GENERATE.formatted(body)));
    }

    private static Supplier<byte[]> onToken(String body) {
        return module("(func (export \"on_token\") (param i32 i32) (result i32) " + body + ")",
                ONE_GENERATION + "(i32.const 8)");
    }

    private static Supplier<byte[]> alloc(String body) {
        return () -> wasm(
                guest("(memory (export \"memory\") 1) (func $alloc (export \"realm_alloc\") (param $len i32) (result i32) "
                        + body + ")" + GENERATE.formatted("(i32.const 8)")));
    }

    static List<Attack> loops() {
        String s = "endless";
        ErrorCode limit = ErrorCode.GUEST_LIMIT;
        return List.of(
                fails(s, "loop br in generate", body("(loop $l (br $l)) (i32.const 0)"), limit, "cpu_time"),
                fails(s, "loop br_if without calls", body("(loop $l (br_if $l (i32.const 1))) (i32.const 0)"), limit, "cpu_time"),
                fails(s, "loop br_table", body("(loop $l (br_table $l $l $l (local.get $len))) (i32.const 0)"), limit,
                        "cpu_time"),
                fails(s, "loop of calls", module("(func $f)", "(loop $l (call $f) (br $l)) (i32.const 0)"), limit, "cpu_time"),
                fails(s, "loop of indirect calls", module("(type $t (func)) (table 1 funcref) (elem (i32.const 0) $f) (func $f)",
                        "(loop $l (call_indirect (type $t) (i32.const 0)) (br $l)) (i32.const 0)"), limit, "cpu_time"),
                fails(s, "recursion that takes 2^60 calls and no loop",
                        module("""
                                (func $fib (param $n i32) (result i32)
                                  (if (result i32) (i32.lt_s (local.get $n) (i32.const 2)) (then (local.get $n))
                                    (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1)))
                                      (call $fib (i32.sub (local.get $n) (i32.const 2)))))))""",
                                "(call $fib (i32.const 60))"),
                        limit, "cpu_time"),
                fails(s, "loop in _initialize", module("(func (export \"_initialize\") (loop $l (br $l)))", "(i32.const 8)"),
                        limit,
                        "cpu_time"),
                fails(s, "loop in realm_alloc", alloc("(loop $l (br $l)) (i32.const 0)"), limit, "cpu_time"),
                fails(s, "loop in on_token", onToken("(loop $l (br $l)) (i32.const 0)"), limit, "cpu_time"),
                refused(s, "loop in realm_abi_version",
                        module("(func (export \"realm_abi_version\") (result i32) (loop $l (br $l)) (i32.const 0))",
                                "(i32.const 8)"),
                        "more than 500 ms of processor time"),
                refused(s, "loop in the start section", module("(func $s (loop $l (br $l))) (start $s)", "(i32.const 8)"),
                        "start section"),
                fails(s, "loop of realm_host_result",
                        body("(loop $l (drop (call $result (i32.const 0) (i32.const 64) (i32.const 1))) (br $l)) (i32.const 0)"),
                        limit, "cpu_time"),
                fails(s, "loop of realm_host_request",
                        body("(loop $l (drop (call $request (i32.const 64) (i32.const 100))) (br $l)) (i32.const 0)"), limit,
                        "cpu_time"),
                fails(s, "loop of realm_host_kv_set",
                        body("(loop $l (drop (call $kv_set (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 999))) (br $l)) "
                                + "(i32.const 0)"),
                        limit, "cpu_time"),
                fails(s, "loop of realm_host_log",
                        body("(loop $l (call $log (i32.const 2) (i32.const 0) (i32.const 20)) (br $l)) "
                                + "(i32.const 0)"),
                        limit, "cpu_time"),
                fails(s, "loop of realm_host_tokenize over all memory",
                        body("(memory.fill (i32.const 0) (i32.const 97) (i32.const 65536)) (loop $l (drop (call $tokenize "
                                + "(i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 0) (i32.const 0))) (br $l)) (i32.const 0)"),
                        limit, "cpu_time"),
                fails(s, "loop of failing host calls",
                        body("(loop $l (drop (call $result (i32.const 0) (i32.const -1) (i32.const -1))) (br $l)) (i32.const 0)"),
                        limit, "cpu_time"),
                fails(s, "loop of memory.fill over 4 MiB",
                        body("(drop (memory.grow (i32.const 63))) (loop $l (memory.fill (i32.const 0) "
                                + "(i32.const 1) (i32.const 4194304)) (br $l)) (i32.const 0)"),
                        limit, "cpu_time"),
                fails(s, "loop of memory.copy over 4 MiB",
                        body("(drop (memory.grow (i32.const 63))) (loop $l (memory.copy (i32.const 1) "
                                + "(i32.const 0) (i32.const 4194303)) (br $l)) (i32.const 0)"),
                        limit, "cpu_time"),
                fails(s, "loop of table.fill", module("(table $t 1000 funcref)", "(loop $l (table.fill $t (i32.const 0) "
                        + "(ref.null func) (i32.const 1000)) (br $l)) (i32.const 0)"), limit, "cpu_time"),
                fails(s, "loop of memory.grow that fails", body("(loop $l (drop (memory.grow (i32.const 65535))) (br $l)) "
                        + "(i32.const 0)"), limit, "cpu_time"),
                fails(s, "loop of square roots", body("(local $x f64) (loop $l (local.set $x (f64.sqrt (f64.add (local.get $x) "
                        + "(f64.const 1)))) (br_if $l (f64.gt (local.get $x) (f64.const 0)))) (i32.const 0)"), limit, "cpu_time"),
                fails(s, "waits for a generation that never ends", body(ONE_GENERATION + "(i32.const 8)"),
                        ErrorCode.DEADLINE_EXCEEDED, "deadline").whileTheSessionHangs(),
                fails(s, "ignores that its generation was ended, and tries again",
                        body("(loop $l " + ONE_GENERATION + " (br $l)) (i32.const 0)"), ErrorCode.DEADLINE_EXCEEDED, "deadline")
                        .whileTheSessionHangs(),
                fails(s, "generates for ever", body("(loop $l " + ONE_GENERATION
                        + " (br_if $l (i32.lt_s (i32.const 0) (local.get $len)))) (i32.const 0)"), limit, "cpu_time"),
                fails(s, "two thousand generations of which it may have eight",
                        body("(local $n i32) (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1))) " + ONE_GENERATION
                                + " (br_if $l (i32.lt_u (local.get $n) (i32.const 2000)))) (i32.const 0)"),
                        limit, "9 reached"),
                fails(s, "generates as long as it may",
                        body("(local $n i32) (loop $l (local.set $n (call $generate (i32.const 0) "
                                + "(local.get $prompt) (local.get $len) (i32.const 0) (i32.const 1024) (i32.const 64))) (br_if $l (i32.gt_s "
                                + "(local.get $n) (i32.const 0)))) (i32.const 0)"),
                        limit, "generations", "8 allowed"));
    }

    static List<Attack> stacks() {
        String s = "stack";
        ErrorCode limit = ErrorCode.GUEST_LIMIT;
        return List.of(
                fails(s, "unbounded recursion", module("(func $f (call $f))", "(call $f) (i32.const 0)"), limit, "stack_bytes"),
                fails(s, "mutual recursion", module("(func $f (call $g)) (func $g (call $f))", "(call $f) (i32.const 0)"), limit,
                        "stack_bytes"),
                fails(s, "recursion with 4000 locals", module("(func $f (local " + "i64 ".repeat(4000) + ") (call $f))",
                        "(call $f) (i32.const 0)"), limit, "stack_bytes"),
                fails(s, "recursion through a table", module("(type $t (func)) (table 1 funcref) (elem (i32.const 0) $f) "
                        + "(func $f (call_indirect (type $t) (i32.const 0)))", "(call $f) (i32.const 0)"), limit, "stack_bytes"),
                fails(s, "recursion in realm_alloc", alloc("(call $alloc (local.get $len))"), limit, "stack_bytes"),
                fails(s, "recursion in on_token",
                        module("(func $f (call $f)) (func (export \"on_token\") (param i32 i32) (result i32) "
                                + "(call $f) (i32.const 0))", ONE_GENERATION + "(i32.const 8)"),
                        limit, "stack_bytes"),
                fails(s, "recursion in _initialize", module("(func $f (export \"_initialize\") (call $f))", "(i32.const 8)"),
                        limit,
                        "stack_bytes"),
                refused(s, "recursion in realm_abi_version",
                        module("(func $f (export \"realm_abi_version\") (result i32) (call $f))", "(i32.const 8)"), "stack"),
                fails(s, "a host call at every depth of a recursion", module("(func $f (drop (call $kv_set (i32.const 0) "
                        + "(i32.const 4) (i32.const 8) (i32.const 4))) (call $f))", "(call $f) (i32.const 0)"), limit,
                        "stack_bytes"),
                fails(s, "a generation at the deepest point",
                        module("(func $f (param $p i32) (param $l i32) (call $f (local.get $p) "
                                + "(local.get $l)) (drop (call $generate (i32.const 0) (local.get $p) (local.get $l) (i32.const 0) "
                                + "(i32.const 1024) (i32.const 64))))",
                                "(call $f (local.get $prompt) (local.get $len)) (i32.const 0)"),
                        limit,
                        "stack_bytes"),
                answered(s, "a generation from 500 calls deep", module("""
                        (func $f (param $n i32) (param $p i32) (param $l i32)
                          (if (local.get $n)
                            (then (call $f (i32.sub (local.get $n) (i32.const 1)) (local.get $p) (local.get $l)))
                            (else (drop (call $generate (i32.const 0) (local.get $p) (local.get $l) (i32.const 0)
                              (i32.const 1024) (i32.const 64))))))""",
                        "(call $f (i32.const 500) (local.get $prompt) (local.get $len)) (i32.const 1024)"), "Paris"));
    }
}
