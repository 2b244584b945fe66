package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.engine.FakeModel;
import ai.realm.runtime.kvcache.SharedPrefixes;
import ai.realm.runtime.loading.ServedModel;
import ai.realm.runtime.session.EngineSessions;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.CountedLease;
import ai.realm.runtime.store.ModelLease;
import com.dylibso.chicory.wabt.Wat2Wasm;
import com.dylibso.chicory.wasm.types.ValType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A guest host on fake sessions, and one request to it after another. */
final class GuestFixture implements AutoCloseable {
    private static final Map<String, byte[]> ASSEMBLED = new ConcurrentHashMap<>();

    final FakeSessions sessions = new FakeSessions();
    private @Nullable ServedModel served;
    final GuestHost host;
    final AtomicInteger leases = new AtomicInteger();
    final FakeKv kv = new FakeKv(1 << 20);
    final Map<String, String> config = new HashMap<>();
    GuestLimits limits = limits();
    SamplingParams params = SamplingParams.greedy(20);
    String prompt = "The capital of France is";
    int @Nullable [] promptTokens;
    boolean stream;
    boolean parseSpecial;
    String requestJson = "{\"model\":\"m\"}";
    String tenant = "acme";
    RequestContext context = context();
    GuestOutput output = text -> {};
    boolean tokenizes = true;
    int quota = Integer.MAX_VALUE;
    GuestChat chat = GuestChat.NONE;
    GuestOutside outside = GuestOutside.NONE;
    @Nullable
    String schedule;
    final List<String> notices = new CopyOnWriteArrayList<>();
    final List<int[]> admitted = new ArrayList<>();
    /** The tokens of the answers whose log-probabilities came, and those of the prompts. */
    final List<Integer> shown = new CopyOnWriteArrayList<>();
    final List<Integer> shownOfPrompt = new CopyOnWriteArrayList<>();
    /** What the host said that each request's guest has used of the processor. */
    final List<Long> cpuNanos = new CopyOnWriteArrayList<>();

    GuestFixture() {
        this(GuestHostOptions.defaults().withCpuShare(1));
    }

    GuestFixture(GuestHostOptions options) {
        host = GuestHost.start(sessions, options);
    }

    /** On a real engine with a model that is made up, whose tokens are letters. */
    GuestFixture(FakeModel model, Engine engine, Tokenizer tokenizer) {
        host = GuestHost.start(new EngineSessions(), GuestHostOptions.defaults().withCpuShare(1));
        served = new ServedModel(model, 1000, engine, tokenizer, null, SharedPrefixes.NONE, () -> {});
    }

    /** The default limits with times that suit a test. */
    static GuestLimits limits() {
        return new LimitsBuilder().build();
    }

    RequestContext context() {
        return new RequestContext("req-1", tenant, System.nanoTime() + TimeUnit.MINUTES.toNanos(1));
    }

    /** How a request ended: the pieces that the client got, and the result or the error. */
    record Outcome(List<String> pieces, @Nullable GuestResult result, @Nullable RealmException error) {
        String text() {
            return String.join("", pieces);
        }

        ErrorCode code() {
            if (error == null) {
                throw new AssertionError("no error but the answer: " + text());
            }
            return error.code();
        }

        String message() {
            return error == null ? "" : String.valueOf(error.getMessage());
        }
    }

    static byte[] wasm(String wat) {
        return ASSEMBLED.computeIfAbsent(wat, Wat2Wasm::parse);
    }

    Outcome run(String wat) {
        return run(wasm(wat));
    }

    Outcome run(byte[] wasm) {
        return run(host.register(wasm, limits));
    }

    Outcome run(GuestModule module) {
        List<String> pieces = new ArrayList<>();
        try {
            GuestResult result = host.run(module, call(), limits, new GuestOutput() {
                @Override
                public void piece(String text) {
                    pieces.add(text);
                    output.piece(text);
                }

                @Override
                public void logProbs(List<TokenLogProbs> tokens) {
                    tokens.forEach(t -> shown.add(t.token()));
                }

                @Override
                public void promptLogProbs(List<TokenLogProbs> tokens) {
                    tokens.forEach(t -> shownOfPrompt.add(t.token()));
                }

                @Override
                public void toolCall(String id, String name, String arguments) {
                    notices.add("call " + id + " " + name + " " + arguments);
                }

                @Override
                public void event(String name, String json) {
                    notices.add("event " + name + " " + json);
                }

                @Override
                public void ended(long nanos) {
                    cpuNanos.add(nanos);
                }
            });
            return new Outcome(pieces, result, null);
        } catch (RealmException e) {
            return new Outcome(pieces, null, e);
        }
    }

    GuestCall call() {
        GuestModels models = new GuestModels() {
            @Override
            public ModelLease lease(int id) {
                return GuestFixture.this.lease(id);
            }

            @Override
            public void admit(int generation, int promptBytes, int maxTokens) {
                admitted.add(new int[]{generation, promptBytes, maxTokens});
                if (generation > quota) {
                    throw new RealmException(ErrorCode.INSUFFICIENT_QUOTA, "the quota is used up");
                }
            }
        };
        return new GuestCall(context, prompt, promptTokens, parseSpecial, params, stream, requestJson, models, config, kv,
                Priority.INTERACTIVE, chat, outside, schedule, 0);
    }

    private ModelLease lease(int id) {
        if (id < 0 || id > 1) {
            throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "model " + id + " is not granted to this tenant");
        }
        ServedModel real = served;
        if (real != null) {
            leases.incrementAndGet();
            return new CountedLease("model-" + id, real, leases::decrementAndGet);
        }
        return new FakeLease("model-" + id, tokenizes, leases);
    }

    @Override
    public void close() {
        host.close();
    }

    /** A guest's imports, memory, allocator and helpers, around {@code body}. */
    static String guest(String body) {
        return "(module\n" + IMPORTS + body + "\n)";
    }

    /** Every import under its name without the prefix; only a guest that says so gets {@code realm_host_emit}, which changes what it is. */
    private static final String IMPORTS = Arrays.stream(HostImport.values()).filter(i -> i != HostImport.EMIT)
            .map(GuestFixture::declared).collect(Collectors.joining());

    private static String declared(HostImport function) {
        String params = function.type().params().stream()
                .map(t -> t.equals(ValType.I32) ? "i32" : t.equals(ValType.I64) ? "i64" : "f64")
                .collect(Collectors.joining(" "));
        return "(import \"env\" \"" + function.functionName() + "\" (func $" + function.functionName().replace("realm_host_", "")
                + " (param " + params + ")" + (function.type().returns().isEmpty() ? "" : " (result i32)") + "))\n";
    }

    /** As {@link #guest}, with {@code realm_host_emit}: a guest that decides itself what reaches the client. */
    static String emitter(String body) {
        return guest("(import \"env\" \"realm_host_emit\" (func $emit (param i32 i32) (result i32)))\n" + body);
    }

    /** One page of memory, an allocator from 32768 on, and numbers as text. */
    static final String BASICS = """
              (memory (export "memory") 1)
              (global $next (mut i32) (i32.const 32768))
              (func $alloc (export "realm_alloc") (param $len i32) (result i32)
                (local $p i32)
                (local.set $p (global.get $next))
                (global.set $next (i32.and (i32.add (i32.add (local.get $p) (local.get $len)) (i32.const 7)) (i32.const -8)))
                (local.get $p))
              ;; The decimal digits of a signed number and a NUL at $at; returns $at.
              (func $number (param $n i32) (param $at i32) (result i32)
                (local $p i32) (local $v i64) (local $neg i32)
                (local.set $v (i64.extend_i32_s (local.get $n)))
                (if (i64.lt_s (local.get $v) (i64.const 0))
                  (then (local.set $neg (i32.const 1)) (local.set $v (i64.sub (i64.const 0) (local.get $v)))))
                (local.set $p (i32.add (local.get $at) (i32.const 15)))
                (i32.store8 (local.get $p) (i32.const 0))
                (loop $more
                  (local.set $p (i32.sub (local.get $p) (i32.const 1)))
                  (i32.store8 (local.get $p)
                    (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $v) (i64.const 10)))))
                  (local.set $v (i64.div_u (local.get $v) (i64.const 10)))
                  (br_if $more (i64.ne (local.get $v) (i64.const 0))))
                (if (local.get $neg)
                  (then
                    (local.set $p (i32.sub (local.get $p) (i32.const 1)))
                    (i32.store8 (local.get $p) (i32.const 45))))
                (local.get $p))
            """;

    /** A guest that answers with the number that {@code expression} gives, as text. */
    static String answersNumber(String expression) {
        return guest(
                BASICS + """
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (call $number (block (result i32) %s) (i32.const 16)))
                        """
                        .formatted(expression));
    }

    /** A guest with this body of {@code generate}. */
    static String generates(String body) {
        return guest(
                BASICS + """
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          %s)
                        """
                        .formatted(body));
    }

    /** Limits with everything but what a test changes at values that suit tests. */
    static final class LimitsBuilder {
        int memoryPages = 64;
        int tableElements = 1000;
        int stackBytes = 1 << 20;
        Duration deadline = Duration.ofSeconds(20);
        Duration cpuTime = Duration.ofSeconds(5);
        int generations = 8;
        int generatedTokens = 1000;
        int outputBytes = 1 << 20;
        int logLines = 10;
        long kvBytes = 1 << 16;
        int kvUpdates = 64;
        int instances = 8;
        int moduleBytes = 1 << 20;
        Duration compileTime = Duration.ofSeconds(20);
        GuestLimits.Sequences sequences = new GuestLimits.Sequences(4, 6, 400);
        GuestLimits.Outside outside = GuestLimits.Outside.defaults();

        GuestLimits build() {
            return new GuestLimits(memoryPages, tableElements, stackBytes, deadline, cpuTime, generations, generatedTokens,
                    outputBytes, logLines, kvBytes, kvUpdates, instances, moduleBytes, compileTime, outside, sequences);
        }
    }
}
