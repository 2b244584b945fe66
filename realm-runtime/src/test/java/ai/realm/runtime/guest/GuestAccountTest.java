package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The processor time of a guest reaches its request's account however the request ends, and it is what the metric counts. */
class GuestAccountTest {
    private static final long WORK_NANOS = 2_000_000;
    /** Some milliseconds of work: a sum that the guest's compiler cannot leave out. */
    private static final String WORK = """
            (loop $w (i32.store (i32.const 900) (i32.add (i32.load (i32.const 900)) (local.get $len)))
              (i32.store (i32.const 904) (i32.add (i32.load (i32.const 904)) (i32.const 1)))
              (br_if $w (i32.lt_u (i32.load (i32.const 904)) (i32.const 20000000))))
            """;
    private static final String FOR_EVER = "(loop $l (br $l))";

    private record End(String name, String body, ErrorCode code, Consumer<LimitsBuilder> limits) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static End end(String name, String body, ErrorCode code) {
        return new End(name, WORK + body, code, l -> {});
    }

    static Stream<End> ends() {
        return Stream.of(end("a trap", "unreachable", ErrorCode.GUEST_FAILED),
                end("a zero for an answer", "(i32.const 0)", ErrorCode.GUEST_FAILED),
                end("an answer outside of memory", "(i32.const -1)", ErrorCode.GUEST_FAILED),
                end("a division by zero", "(i32.div_u (i32.const 1) (i32.const 0))", ErrorCode.GUEST_FAILED),
                new End("the end of its processor time", FOR_EVER + "(i32.const 8)", ErrorCode.GUEST_LIMIT,
                        l -> l.cpuTime = Duration.ofMillis(20)),
                new End("its deadline", FOR_EVER + "(i32.const 8)", ErrorCode.DEADLINE_EXCEEDED,
                        l -> l.deadline = Duration.ofMillis(50)),
                new End("the length of its answer",
                        WORK + "(memory.fill (i32.const 64) (i32.const 65) (i32.const 200)) (i32.const 64)",
                        ErrorCode.GUEST_LIMIT, l -> l.outputBytes = 100),
                new End("a piece that the client does not take",
                        WORK + "(drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) "
                                + "(i32.const 1024) (i32.const 64)))" + FOR_EVER + "(i32.const 8)",
                        ErrorCode.CANCELLED, l -> {}));
    }

    @ParameterizedTest
    @MethodSource("ends")
    void cpuOfARequestThatFailed_isToldOnce_andIsWhatTheMetricCounts(End end) {
        List<Long> metric = new CopyOnWriteArrayList<>();
        GuestListener listener = new GuestListener() {
            @Override
            public void requestEnded(String tenant, String digest, long cpuNanos, boolean failed) {
                assertThat(failed).isTrue();
                metric.add(cpuNanos);
            }
        };
        try (GuestFixture f = new GuestFixture(GuestHostOptions.defaults().withCpuShare(1).withListener(listener))) {
            LimitsBuilder limits = new LimitsBuilder();
            end.limits().accept(limits);
            f.limits = limits.build();
            f.stream = true;
            f.output = text -> f.context.cancel(ErrorCode.CANCELLED, "the client has gone");
            Outcome o = f.run(GuestFixture.generates(end.body()));
            assertThat(o.code()).isEqualTo(end.code());
            assertThat(f.cpuNanos).isEqualTo(metric).hasSize(1).allMatch(nanos -> nanos > WORK_NANOS);
        }
    }
}
