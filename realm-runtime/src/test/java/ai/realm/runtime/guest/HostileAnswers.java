package ai.realm.runtime.guest;

import static ai.realm.runtime.guest.Attack.answered;
import static ai.realm.runtime.guest.Attack.fails;
import static ai.realm.runtime.guest.GuestFixture.BASICS;
import static ai.realm.runtime.guest.GuestFixture.answersNumber;
import static ai.realm.runtime.guest.GuestFixture.emitter;
import static ai.realm.runtime.guest.GuestFixture.generates;
import static ai.realm.runtime.guest.GuestFixture.wasm;

import ai.realm.core.error.ErrorCode;
import com.dylibso.chicory.wasm.types.ValType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Guests that run well and lie: about pointers, text, models and keys. */
final class HostileAnswers {
    private static final String[] BOUNDARIES = {"0", "1", "64", "32768", "65535", "65536", "65537", "2147483647", "-2147483648",
            "-8",
            "-1"};

    private static final String SAME_MEGABYTE = """
            (memory.fill (i32.const 65536) (i32.const 65) (i32.const 1048576))
            (local.set $prompt (i32.const 256))
            (loop $l
              (i32.store (local.get $prompt) (i32.const 65536))
              (i32.store offset=4 (local.get $prompt) (i32.const 1048576))
              (br_if $l (i32.lt_u (local.tee $prompt (i32.add (local.get $prompt) (i32.const 8))) (i32.const 33024))))
            (local.set $prompt (i32.const 65536))""";

    private HostileAnswers() {
    }

    private static Supplier<byte[]> body(String body) {
        return () -> wasm(generates(body));
    }

    private static Supplier<byte[]> with(String data, String body) {
        return () -> wasm(generates(body).replace("(global $next", data + " (global $next"));
    }

    private static Supplier<byte[]> emits(String body) {
        return () -> wasm(emitter(BASICS + "(func (export \"generate\") (param $prompt i32) (param $len i32) (param $model i32) "
                + "(param $options i32) (result i32) " + body + ")"));
    }

    static List<Attack> answers() {
        String s = "answer";
        ErrorCode failed = ErrorCode.GUEST_FAILED;
        return List.of(
                fails(s, "no NUL up to the memory's end",
                        body("(memory.fill (i32.const 60000) (i32.const 65) (i32.const 5536)) (i32.const 60000)"), failed,
                        "no NUL"),
                answered(s, "NUL first", body("(i32.const 8)"), ""),
                fails(s, "a lone continuation byte", body("(i32.store8 (i32.const 64) (i32.const 0x80)) (i32.const 64)"), failed,
                        "not UTF-8"),
                fails(s, "half a character", body("(i32.store8 (i32.const 64) (i32.const 0xc3)) (i32.const 64)"), failed,
                        "not UTF-8"),
                fails(s, "an overlong slash", body("(i32.store16 (i32.const 64) (i32.const 0xafc0)) (i32.const 64)"), failed,
                        "not UTF-8"),
                fails(s, "half a surrogate pair", body("(i32.store (i32.const 64) (i32.const 0x80a0ed)) (i32.const 64)"), failed,
                        "not UTF-8"),
                fails(s, "at the memory's end", body("(i32.const 65536)"), failed, "65536"),
                fails(s, "past the memory's end", body("(i32.const 70000)"), failed, "70000"),
                fails(s, "at 2^31", body("(i32.const -2147483648)"), failed, "2147483648"),
                fails(s, "at 2^32-1", body("(i32.const -1)"), failed, "4294967295"),
                fails(s, "0", body("(i32.const 0)"), failed, "returned 0"),
                fails(s, "inside the options", body("(i32.add (local.get $options) (i32.const 10))"), failed, "UTF-8"),
                answered(s, "the prompt itself", body("(local.get $prompt)"), "The capital of France is"),
                fails(s, "longer than the limit",
                        body("(drop (memory.grow (i32.const 3))) (memory.fill (i32.const 40000) (i32.const 65) "
                                + "(i32.const 100000)) (i32.const 40000)"),
                        ErrorCode.GUEST_LIMIT, "output_bytes", "65536 bytes allowed"),
                fails(s, "a trap: unreachable", body("unreachable"), failed, "unreachable"),
                fails(s, "a trap: division by zero", body("(i32.div_s (i32.const 1) (i32.const 0))"), failed, "divide by zero"),
                fails(s, "a trap: integer overflow", body("(i32.div_s (i32.const -2147483648) (i32.const -1))"), failed,
                        "overflow"),
                fails(s, "a trap: not a number as an integer", body("(i32.trunc_f32_s (f32.const nan))"), failed, "trap"));
    }

    static List<Attack> emits() {
        String s = "emit";
        ErrorCode limit = ErrorCode.GUEST_LIMIT;
        return List.of(
                answered(s, "text that is not UTF-8",
                        emits("(i32.store8 (i32.const 64) (i32.const 0xff)) (call $number (call $emit "
                                + "(i32.const 64) (i32.const 1)) (i32.const 16))"),
                        "-4"),
                answered(s, "all of 4 GiB", emits("(call $number (call $emit (i32.const 0) (i32.const -1)) (i32.const 16))"),
                        "-3"),
                answered(s, "one byte, and the first beyond the memory",
                        emits("(call $number (call $emit (i32.const 65535) (i32.const 2)) (i32.const 16))"), "-3"),
                answered(s, "a length that wraps around",
                        emits("(call $number (call $emit (i32.const 8) (i32.const -8)) (i32.const 16))"), "-3"),
                answered(s, "nothing, at the memory's end",
                        emits("(call $number (call $emit (i32.const 65536) (i32.const 0)) (i32.const 16))"), "0"),
                fails(s, "a byte more when the limit is used up",
                        emits("(memory.fill (i32.const 0) (i32.const 65) (i32.const 32768)) "
                                + "(drop (call $emit (i32.const 0) (i32.const 32768))) (drop (call $emit (i32.const 0) (i32.const 32768))) "
                                + "(if (i32.ne (call $emit (i32.const 0) (i32.const 1)) (i32.const -20)) (then unreachable)) (i32.const 0)"),
                        limit, "output_bytes", "65537 bytes reached"),
                fails(s, "more than the limit in one piece",
                        emits("(drop (memory.grow (i32.const 1))) (drop (call $emit (i32.const 0) (i32.const 65537))) (i32.const 0)"),
                        limit, "output_bytes"),
                fails(s, "more than the limit in small pieces",
                        emits("(memory.fill (i32.const 64) (i32.const 65) (i32.const 1000)) "
                                + "(loop $l (br_if $l (i32.eqz (call $emit (i32.const 64) (i32.const 1000))))) (i32.const 0)"),
                        limit,
                        "output_bytes"));
    }

    /** A generation with a struct of version 1 at 64 and what it points to from 256 on; answers with what the host says. */
    private static Supplier<byte[]> options(int presentBit, String body) {
        return () -> wasm(generates("(drop (memory.grow (i32.const 63))) (i32.store8 (i32.const 89) (i32.const 1)) (i32.store "
                + "(i32.const 96) (i32.const " + (1 << presentBit) + ")) " + body
                + " (call $number (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 64) (i32.const 1024) "
                + "(i32.const 64)) (i32.const 16))").replace("(memory (export",
                        "(func (export \"realm_abi_version\") (result i32) (i32.const 1)) (memory (export"));
    }

    private static String store(int at, long value) {
        return "(i32.store (i32.const " + at + ") (i32.const " + (int) value + ")) ";
    }

    static List<Attack> options() {
        String s = "options";
        int stopTokens = 6;
        int stopStrings = 12;
        int grammar = 13;
        int schema = 14;
        int biases = 15;
        return List.of(
                answered(s, "the struct across the memory's end", () -> wasm(answersNumber("(call $generate (i32.const 0) "
                        + "(local.get $prompt) (local.get $len) (i32.const 65520) (i32.const 1024) (i32.const 64))")), "-2"),
                answered(s, "4096 stop strings that are the same megabyte",
                        options(stopStrings, store(136, 256) + store(140, 4096) + SAME_MEGABYTE), "-17"),
                answered(s, "2^32-1 stop strings", options(stopStrings, store(140, -1)), "-17"),
                answered(s, "stop strings whose addresses wrap",
                        options(stopStrings, store(136, -8) + store(140, 2)), "-2"),
                answered(s, "a stop string of 2^32-1 bytes",
                        options(stopStrings, store(136, 256) + store(140, 1) + store(256, 64) + store(260, -1)), "-17"),
                answered(s, "4097 stop tokens", options(stopTokens, store(92, 256) + store(168, 4097)), "-17"),
                answered(s, "a grammar past the memory's end",
                        options(grammar, store(144, 4194300) + store(148, 8)), "-2"),
                answered(s, "a schema of half a character", options(schema, store(152, 256) + store(156, 1) + store(256, 0xc3)),
                        "-4"),
                answered(s, "a bias that is not a number",
                        options(biases, store(160, 256) + store(164, 1) + store(256, 5) + store(260, 0x7fc00000L)), "-17"));
    }

    static List<Attack> tenants() {
        String s = "other tenants";
        return List.of(
                answered(s, "models 2 to 999 to tokenize",
                        body("""
                                (local $i i32)
                                (local.set $i (i32.const 2))
                                (loop $l
                                  (if (i32.ne (call $tokenize (local.get $i) (local.get $prompt) (local.get $len) (i32.const 0) (i32.const 0))
                                        (i32.const -5))
                                    (then unreachable))
                                  (local.set $i (i32.add (local.get $i) (i32.const 1)))
                                  (br_if $l (i32.lt_u (local.get $i) (i32.const 1000))))
                                (i32.const 8)"""),
                        ""),
                answered(s, "model 2",
                        () -> wasm(answersNumber("(call $generate (i32.const 2) (local.get $prompt) (local.get $len) "
                                + "(i32.const 0) (i32.const 1024) (i32.const 64))")),
                        "-5"),
                answered(s, "model -1",
                        () -> wasm(answersNumber("(call $generate (i32.const -1) (local.get $prompt) (local.get $len) "
                                + "(i32.const 0) (i32.const 1024) (i32.const 64))")),
                        "-5"),
                answered(s, "model 2^31-1 to tokenize", () -> wasm(answersNumber("(call $tokenize (i32.const 2147483647) "
                        + "(local.get $prompt) (local.get $len) (i32.const 0) (i32.const 0))")), "-5"),
                answered(s, "a key that looks like a path", with("(data (i32.const 64) \"../other/secret\")",
                        "(call $number (call $kv_get (i32.const 64) (i32.const 15) (i32.const 0) (i32.const 0)) (i32.const 16))"),
                        "-19"),
                answered(s, "a setting that is not its own", with("(data (i32.const 64) \"PATH\")",
                        "(call $number (call $config (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 0)) (i32.const 16))"),
                        "-19"),
                answered(s, "a value larger than its store", body("(call $number (call $kv_set (i32.const 64) (i32.const 8) "
                        + "(i32.const 0) (i32.const 65536)) (i32.const 16))"), "-20"),
                answered(s, "a log full of control characters", with("(data (i32.const 64) \"\\1b[2J\\0d\\0aERROR forged\")",
                        "(call $log (i32.const 0) (i32.const 64) (i32.const 18)) (i32.const 8)"), ""),
                answered(s, "options with what it must not use", with(
                        "(data (i32.const 64) \"\\05\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00"
                                + "\\00\\00\\01\")",
                        "(call $number (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 64) "
                                + "(i32.const 1024) (i32.const 64)) (i32.const 16))"),
                        "-2"),
                answered(s, "the prompt's own memory as the result buffer",
                        body("(drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (local.get $options) "
                                + "(local.get $prompt) (local.get $len))) (local.get $prompt)"),
                        "Paris"),
                answered(s, "the options' own memory as the result buffer",
                        body("(drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (local.get $options) "
                                + "(local.get $options) (i32.const 32))) (local.get $options)"),
                        "Paris"));
    }

    /** Every pointer and length of an import at every boundary, all combinations of two: the host answers each and stays whole. */
    static List<Attack> pointers() {
        List<Attack> all = new ArrayList<>();
        for (HostImport function : HostImport.values()) {
            if (function == HostImport.LOG) {
                all.add(sweep(function, "(call $log (i32.const 2) (i32.const %1$s) (i32.const %2$s))"));
            } else {
                all.add(sweep(function, "(drop (call $" + watName(function) + " " + arguments(function) + "))"));
            }
        }
        return all;
    }

    private static Attack sweep(HostImport function, String call) {
        // No byte is UTF-8, so nothing can be emitted or generated from; at the end a NUL is put where the answer is.
        StringBuilder calls = new StringBuilder("(memory.fill (i32.const 0) (i32.const 255) (i32.const 65536))\n");
        for (String ptr : BOUNDARIES) {
            for (String len : BOUNDARIES) {
                calls.append(call.formatted(ptr, len)).append('\n');
            }
        }
        String end = "(i32.store8 (i32.const 100) (i32.const 0)) (i32.const 100)";
        return answered("pointers", function.functionName() + " at " + BOUNDARIES.length * BOUNDARIES.length + " boundaries",
                function == HostImport.EMIT ? emits(calls + end) : body(calls + end), "");
    }

    private static String watName(HostImport function) {
        return function.functionName().replace("realm_host_", "");
    }

    /** The boundary pair goes where a pointer and its length are; what else there is, is valid. */
    private static String arguments(HostImport function) {
        String pair = "(i32.const %1$s) (i32.const %2$s)";
        return switch (function) {
            case GENERATE -> "(i32.const 0) " + pair + " (i32.const %1$s) " + pair;
            case RESULT -> "(i32.const %1$s) " + pair;
            case TOKENIZE -> "(i32.const 0) " + pair + " " + pair;
            case KV_GET, KV_SET, CONFIG -> pair + " " + pair;
            case KV_ADD -> pair + " (i64.const 1) (i32.const %1$s)";
            case KV_SWAP -> pair + " " + pair + " " + pair;
            case EMIT, LAST_ERROR, LOG, KV_DELETE, REQUEST -> pair;
            default -> alternating(function);
        };
    }

    /** Wherever there is a pointer, there is every boundary. */
    private static String alternating(HostImport function) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < function.type().params().size(); i++) {
            ValType type = function.type().params().get(i);
            all.append(type.equals(ValType.I32)
                    ? "(i32.const %" + (1 + i % 2) + "$s) "
                    : type.equals(ValType.I64) ? "(i64.const 1) " : "(f64.const 1) ");
        }
        return all.toString();
    }
}
