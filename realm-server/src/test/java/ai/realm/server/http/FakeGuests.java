package ai.realm.server.http;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.guest.GuestOutput;
import ai.realm.runtime.guest.GuestReport;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.session.SessionFactory;
import ai.realm.runtime.session.Usage;
import ai.realm.runtime.store.ModelLease;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A guest host whose guest is a Java function; it keeps the calls that it got. */
final class FakeGuests implements GuestHost, SessionFactory {
    /** What the guest does. */
    interface Behaviour {
        GuestResult run(GuestCall call, GuestOutput output) throws Exception;
    }

    /** Answers "you said: " and the prompt in two pieces; every char is a token. */
    static final Behaviour ECHO = (call, output) -> {
        output.piece("you said: ");
        output.piece(call.prompt());
        return new GuestResult(FinishReason.STOP, new Usage(call.prompt().length(), 1, 2), 1);
    };

    final List<GuestCall> calls = new CopyOnWriteArrayList<>();
    volatile Behaviour behaviour = ECHO;
    /** The stop string that ends what the guest says, or null. */
    volatile @Nullable String stop;
    SessionFactory sessions = this;
    private final ThreadLocal<Usage> used = new ThreadLocal<>();

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
            GuestResult result = behaviour.run(call, output);
            count(call, result.usage());
            return result;
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Lets the sessions' meter see what the guest says that it used. */
    void count(GuestCall call, Usage usage) throws InterruptedException {
        try (ModelLease lease = call.models().lease(0)) {
            used.set(usage);
            GenerateCommand command = new GenerateCommand(call.context(), lease, new GenerateCommand.TokenPrompt(new int[0]),
                    SamplingParams.greedy(1), call.priority(), call.choice());
            try (InferenceSession session = sessions.open(command)) {
                session.next();
            }
        }
    }

    @Override
    public InferenceSession open(GenerateCommand command) {
        Usage usage = used.get();
        return new InferenceSession() {
            @Override
            public SessionEvent next() {
                return new SessionEvent.End(FinishReason.STOP, usage, null, stop);
            }

            @Override
            public void stop() {
            }

            @Override
            public void close() {
            }
        };
    }

    @Override
    public void close() {
    }
}
