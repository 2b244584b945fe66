package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Guests that neither see tokens nor emit: their answer is the text they return, streamed early when that is safe. */
class PlainGuestStreamTest {
    private static final String UPPER = """
              (local $n i32) (local $i i32)
              %s
              (local.set $n (call $generate (local.get $model) (local.get $prompt) (local.get $len) (local.get $options)
                (i32.const 1024) (i32.const 1024)))
              (if (i32.lt_s (local.get $n) (i32.const 0)) (then (return (i32.const 0))))
              (loop $next
                (if (i32.ge_u (i32.load8_u (i32.add (i32.const 1024) (local.get $i))) (i32.const 97))
                  (then (i32.store8 (i32.add (i32.const 1024) (local.get $i))
                    (i32.sub (i32.load8_u (i32.add (i32.const 1024) (local.get $i))) (i32.const 32)))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $i) (i32.sub (local.get $n) (i32.const 1)))))
              (i32.const 1024)
            """;
    private static final String CLEARS = "(i32.store16 (i32.add (local.get $options) (i32.const 26)) (i32.const 0))";

    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    @Test
    void transformed_unstreamed_isTheReturnedText() {
        assertThat(f.run(GuestFixture.generates(UPPER.formatted(""))).pieces()).containsExactly("PARIS");
    }

    @Test
    void transformed_flagCleared_sameTextStreamed() {
        f.stream = true;
        assertThat(f.run(GuestFixture.generates(UPPER.formatted(CLEARS))).pieces()).containsExactly("PARIS");
    }

    @Test
    void transformed_flagLeftOn_isAnErrorNotAnotherAnswer() {
        f.stream = true;
        Outcome o = f.run(GuestFixture.generates(UPPER.formatted("")));
        assertThat(o.pieces()).containsExactly("Par", "is");
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains("5 characters", "clear bit 0");
    }

    @Test
    void streamFlag_tellsWhetherTheClientStreams() {
        String flags = GuestFixture.answersNumber("(i32.load16_u (i32.add (local.get $options) (i32.const 26)))");
        assertThat(f.run(flags).text()).isEqualTo("0");
        f.stream = true;
        f.parseSpecial = true;
        assertThat(f.run(flags).text()).isEqualTo("3");
    }

    @Test
    void clientGoneWhileStreaming_endsTheGuest() {
        f.stream = true;
        f.sessions.hangs();
        f.output = text -> {
            throw new RealmException(ErrorCode.CANCELLED, "the client has gone");
        };
        Outcome o = f.run(ai.realm.guest.Guests.load("default"));
        assertThat(o.code()).isEqualTo(ErrorCode.CANCELLED);
        assertThat(f.sessions.open).hasValue(0);
    }

    @Test
    void requestCancelled_endsTheWaitAtOnce() throws InterruptedException {
        f.sessions.hangs();
        Thread canceller = Thread.ofVirtual().start(() -> {
            try {
                f.sessions.hanging.await();
                f.context.cancel(ErrorCode.CANCELLED, "the client has gone");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Outcome o = f.run(ai.realm.guest.Guests.load("default"));
        canceller.join();
        assertThat(o.code()).isEqualTo(ErrorCode.CANCELLED);
        assertThat(o.message()).isEqualTo("the client has gone");
        assertThat(f.sessions.open).hasValue(0);
    }
}
