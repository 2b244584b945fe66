package ai.realm.server.http;

import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.guest.GuestOutput;
import ai.realm.runtime.guest.GuestReport;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A guest host whose guest is a Java function; it keeps the calls that it got. */
final class FakeGuests implements GuestHost {
    /** What the guest does. */
    interface Behaviour {
        GuestResult run(GuestCall call, GuestOutput output) throws Exception;
    }

    /** Answers "you said: " and the prompt in two pieces; every char is a token. */
    static final Behaviour ECHO = (call, output) -> {
        output.piece("you said: ");
        output.piece(call.prompt());
        return new GuestResult(FinishReason.STOP, new Usage(call.prompt().length(), 1, 2), 1, 1000);
    };

    final List<GuestCall> calls = new CopyOnWriteArrayList<>();
    volatile Behaviour behaviour = ECHO;

    @Override
    public GuestModule register(byte[] wasm, GuestLimits limits) {
        return new GuestModule() {
            @Override
            public String digest() {
                return "0123456789abcdef";
            }

            @Override
            public int abiVersion() {
                return 0;
            }
        };
    }

    @Override
    public GuestReport check(byte[] wasm, GuestLimits limits) {
        throw new UnsupportedOperationException("not asked by these tests");
    }

    @Override
    public GuestResult run(GuestModule module, GuestCall call, GuestLimits limits, GuestOutput output) {
        calls.add(call);
        try {
            return behaviour.run(call, output);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
    }
}
