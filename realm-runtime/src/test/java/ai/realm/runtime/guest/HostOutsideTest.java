package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.guest.GuestOutside.HttpTrouble.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code realm_host_embed}, {@code realm_host_http} and the parts of the store that go by lists: what they do and what they refuse. */
class HostOutsideTest {
    private static final String REQUEST = "{'url':'https://api.example/'}";
    private final GuestFixture f = new GuestFixture();
    private final List<GuestOutside.HttpAsk> asks = new ArrayList<>();
    private Kind trouble;

    @BeforeEach
    void answer() {
        f.outside = new GuestOutside() {
            @Override
            public float[] embed(int model, String text) {
                if (model > 1) {
                    throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "model " + model + " is not granted");
                }
                return new float[]{text.length(), 0.5f, -2};
            }

            @Override
            public HttpReply http(HttpAsk ask) {
                asks.add(ask);
                if (trouble != null) {
                    throw new HttpTrouble(trouble, "https://api.example/: trouble");
                }
                return new HttpReply(201, "{\"x\":\"y\"}", "made".getBytes(StandardCharsets.UTF_8));
            }
        };
    }

    @AfterEach
    void close() {
        f.close();
    }

    private static String guest(String body) {
        return GuestFixture.generates(body).replace("(global $next",
                "(data (i32.const 64) \"kabc\") (data (i32.const 128) \"" + REQUEST.replace("'", "\\22") + "\") (global $next");
    }

    private Outcome number(String expression) {
        return f.run(guest("(call $number (block (result i32) " + expression + ") (i32.const 16))"));
    }

    private static String http(int bodyLen, int max) {
        return "(call $http (i32.const 128) (i32.const " + REQUEST.length() + ") (i32.const 65) (i32.const " + bodyLen
                + ") (i32.const 1024) (i32.const " + max + "))";
    }

    private static String embed(String model, int max) {
        return "(call $embed (i32.const " + model + ") (i32.const 64) (i32.const 4) (i32.const 1024) (i32.const " + max + "))";
    }

    @Test
    void embed_givesTheLength_andWritesWhatFits() {
        assertThat(number(embed("1", 0)).text()).isEqualTo("3");
        assertThat(number("(drop " + embed("1", 2) + ") (i32.trunc_f32_s (f32.load (i32.const 1024)))").text()).isEqualTo("4");
        assertThat(number("(drop " + embed("1", 2) + ") (i32.load (i32.const 1032))").text()).as("beyond").isEqualTo("0");
        assertThat(number(embed("2", 0)).text()).isEqualTo("-5");
    }

    @Test
    void embed_isCounted() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.outside = new GuestLimits.Outside(2, 8, 100, Duration.ofSeconds(1));
        f.limits = limits.build();
        Outcome o = f.run(guest(("(drop " + embed("0", 0) + ")").repeat(3) + "(i32.const 0)"));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_LIMIT);
        assertThat(o.message()).contains("embeddings: 2 allowed by guest_limits.embeddings, 3 reached");
    }

    @Test
    void http_givesStatusHeadersAndBody() {
        assertThat(number(http(3, 64)).text()).isEqualTo(String.valueOf(8 + 9 + 4));
        assertThat(number("(drop " + http(0, 64) + ") (i32.load (i32.const 1024))").text()).isEqualTo("201");
        assertThat(number("(drop " + http(0, 64) + ") (i32.load (i32.const 1028))").text()).isEqualTo("9");
        assertThat(asks.getFirst().json()).isEqualTo(REQUEST.replace('\'', '"'));
        assertThat(asks.getFirst().body()).isEqualTo("abc".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void httpAnswer_thatDoesNotFit_isThereForResult_andSentOnce() {
        String n = number("(drop " + http(0, 20) + ") (call $result (i32.const 0) (i32.const 2048) (i32.const 64))").text();
        assertThat(n).isEqualTo("21");
        assertThat(asks).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void httpTrouble_isAnErrorOfItsKind_andTheGuestGoesOn(Kind kind) {
        trouble = kind;
        assertThat(number(http(0, 64)).text()).isEqualTo(switch (kind) {
            case BAD_REQUEST -> "-17";
            case NOT_GRANTED -> "-23";
            case FAILED -> "-25";
            case TOO_LARGE, TOO_LATE -> "-20";
        });
    }

    @Test
    void http_isBoundedInCountAndBytes() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.outside = new GuestLimits.Outside(1, 2, 10, Duration.ofSeconds(1));
        f.limits = limits.build();
        Outcome o = f.run(guest(("(drop " + http(0, 64) + ")").repeat(3) + "(i32.const 0)"));
        assertThat(o.message()).contains("http_requests: 2 allowed by guest_limits.http_requests, 3 reached");
        assertThat(asks.get(1).maxBytes()).as("what the first left").isEqualTo(6);
        assertThat(f.run(guest("(drop " + http(10, 64) + ") (i32.const 0)")).message())
                .contains("http_bytes: 10 bytes allowed by guest_limits.http_bytes, 10 bytes reached");
        assertThat(asks).hasSize(2);
    }

    @Test
    void http_inOnToken_isNotPermitted() {
        f.run(GuestFixture.guest(GuestFixture.BASICS
                + """
                        (func (export "on_token") (param i32 i32) (result i32)
                          (call $kv_set (i32.const 64) (i32.const 1) (i32.const 0)
                            (i32.eq (i32.const -18) (call $http (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (local.get $options) (i32.const 4096) (i32.const 4096)))
                          (i32.const 4096))
                        """));
        assertThat(f.kv.get(new byte[]{0})).hasSize(1);
        assertThat(asks).isEmpty();
    }

    @Test
    void guestThatWaitsForAnotherMachine_endsWithItsRequest() throws Exception {
        CountDownLatch waits = new CountDownLatch(1);
        f.outside = new GuestOutside() {
            @Override
            public float[] embed(int model, String text) {
                return new float[0];
            }

            @Override
            public HttpReply http(HttpAsk ask) throws InterruptedException {
                waits.countDown();
                new CountDownLatch(1).await();
                throw new AssertionError("not reached");
            }
        };
        Thread canceller = Thread.ofVirtual().start(() -> {
            try {
                waits.await();
                f.context.cancel(ErrorCode.CANCELLED, "the client has gone");
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(f.run(guest(http(0, 64))).code()).isEqualTo(ErrorCode.CANCELLED);
        canceller.join();
    }

    private static String put(String seconds) {
        return "(call $kv_put (i32.const 64) (i32.const 1) (i32.const 65) (i32.const 3) (i32.const " + seconds + "))";
    }

    private static String list(String prefixLen, String afterLen, int max) {
        return "(call $kv_list (i32.const 64) (i32.const " + prefixLen + ") (i32.const 64) (i32.const " + afterLen
                + ") (i32.const 1024) (i32.const " + max + "))";
    }

    @Test
    void put_hasALife_andIsCountedAsAnUpdate() {
        assertThat(number(put("60")).text()).isEqualTo("0");
        assertThat(f.kv.get(new byte[]{'k'})).isEqualTo("abc".getBytes(StandardCharsets.UTF_8));
        assertThat(f.kv.lives).containsEntry("k", 60L);
        assertThat(number(put("-1")).text()).as("136 years").isEqualTo("0");
        LimitsBuilder limits = new LimitsBuilder();
        limits.kvUpdates = 1;
        f.limits = limits.build();
        assertThat(number("(drop " + put("1") + ")" + put("1")).text()).isEqualTo("-20");
    }

    @Test
    void list_givesWholeRecordsInOrder_pageAfterPage() {
        for (String key : List.of("ka", "kab", "other", "kz")) {
            f.kv.set(key.getBytes(StandardCharsets.UTF_8), new byte[key.length()]);
        }
        assertThat(number(list("1", "0", 1000)).text()).isEqualTo(String.valueOf(10 + 11 + 10));
        assertThat(number(list("1", "0", 25)).text()).as("two fit").isEqualTo("21");
        assertThat(number("(drop " + list("1", "0", 25) + ") (i32.load (i32.const 1038))").text()).as("length of the 2nd value")
                .isEqualTo("3");
        assertThat(number(list("1", "2", 1000)).text()).as("after ka").isEqualTo("21");
        assertThat(number(list("4", "0", 1000)).text()).as("no key begins so").isEqualTo("0");
        assertThat(number(list("1", "0", 9)).text()).as("not even one fits").isEqualTo("-17");
    }

    private void vector(String key, float... values) {
        java.nio.ByteBuffer b = java.nio.ByteBuffer.allocate(4 * values.length).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (float v : values) {
            b.putFloat(v);
        }
        f.kv.set(key.getBytes(StandardCharsets.UTF_8), b.array());
    }

    private static String search(int dimensions, int count, int max) {
        return "(f32.store (i32.const 512) (f32.const 2)) (call $vec_search (i32.const 64) (i32.const 1) (i32.const 512) (i32.const "
                + dimensions + ") (i32.const " + count + ") (i32.const 1024) (i32.const " + max + "))";
    }

    @Test
    void search_givesTheNearestFirst_ofThisLengthAndPrefix() {
        vector("k/east", 3, 0);
        vector("k/north", 0, 1);
        vector("k/west", -1, 0);
        vector("k/northeast", 1, 1);
        vector("k/nowhere", 0, 0);
        vector("k/broken", Float.NaN, 1);
        vector("k/long", 1, 0, 0);
        vector("other", 5, 0);
        assertThat(number(search(2, 2, 1000)).text()).isEqualTo(String.valueOf(8 + 6 + 8 + 11));
        assertThat(number("(drop (block (result i32) " + search(2, 2, 1000) + ")) (i32.load8_u (i32.const 1034))").text())
                .as("k/east first").isEqualTo(String.valueOf((int) 'e'));
        assertThat(number("(drop (block (result i32) " + search(2, 5, 1000)
                + ")) (i32.trunc_f32_s (f32.mul (f32.const 100) (f32.load (i32.add (i32.const 1028) (i32.const 14)))))").text())
                .as("cosine of 45 degrees").isEqualTo("70");
        assertThat(number(search(0, 2, 1000)).text()).isEqualTo("-17");
        assertThat(number(search(2, 0, 1000)).text()).isEqualTo("-17");
        assertThat(number(search(16_385, 1, 1000)).text()).as("beyond memory").isEqualTo("-3");
        assertThat(number(search(7, 1, 1000)).text()).as("none of this length").isEqualTo("0");
    }

    @ParameterizedTest
    @CsvSource({"0,1", "65535,2", "65536,0", "65536,1", "-1,1", "-1,-2", "2147483647,2147483647", "64,-2",
            "-2147483648,-2147483648", "16384,16384", "16384,1073741824", "65532,1"})
    void pointersAtBoundaries_areErrorsOfTheGuest(String ptr, String len) {
        StringBuilder all = new StringBuilder();
        for (String call : new String[]{
                "(call $kv_put (i32.const %1$s) (i32.const %2$s) (i32.const 64) (i32.const 1) (i32.const 1))",
                "(call $kv_put (i32.const 64) (i32.const 1) (i32.const %1$s) (i32.const %2$s) (i32.const 1))",
                "(call $kv_list (i32.const %1$s) (i32.const %2$s) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 100))",
                "(call $kv_list (i32.const 0) (i32.const 0) (i32.const %1$s) (i32.const %2$s) (i32.const 0) (i32.const 100))",
                "(call $kv_list (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const %1$s) (i32.const %2$s))",
                "(call $vec_search (i32.const %1$s) (i32.const %2$s) (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 9))",
                "(call $vec_search (i32.const 0) (i32.const 0) (i32.const %1$s) (i32.const %2$s) (i32.const 1) (i32.const 0) (i32.const 9))",
                "(call $vec_search (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1) (i32.const %1$s) (i32.const %2$s))",
                "(call $embed (i32.const 0) (i32.const %1$s) (i32.const %2$s) (i32.const 0) (i32.const 0))",
                "(call $embed (i32.const 0) (i32.const 64) (i32.const 1) (i32.const %1$s) (i32.const %2$s))",
                "(call $http (i32.const %1$s) (i32.const %2$s) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))",
                "(call $http (i32.const 128) (i32.const 2) (i32.const %1$s) (i32.const %2$s) (i32.const 0) (i32.const 64))",
                "(call $http (i32.const 128) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const %1$s) (i32.const %2$s))"}) {
            all.append("(local.set $model ").append(call.formatted(ptr, len)).append(
                    ") (if (i32.lt_s (local.get $model) (i32.const -25)) (then unreachable))");
        }
        Outcome o = f.run(GuestFixture.generates(all + "(call $number (i32.const 7) (i32.const 16))"));
        assertThat(o.error()).isNull();
        assertThat(o.text()).isEqualTo("7");
    }
}
