package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import com.dylibso.chicory.runtime.ChicoryInterruptedException;
import com.dylibso.chicory.runtime.TrapException;
import com.dylibso.chicory.wasm.ChicoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Guest code on its own thread, and the request's thread that waits for it. Text goes to the client on the request's thread: a
 * slow or blocked client then costs the guest only time, the guest's small stack never runs the server's code, and ending a guest
 * never interrupts a socket.
 */
final class GuestTask implements AnswerStream.Reader, HostAnswer.Notices {
    /** Pieces that may wait for a slow client before the guest waits too. */
    private static final int PIECES = 32;
    /** How long a guest that was ended may take to notice before its thread is given up. */
    private static final long GIVE_UP_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Supervision supervision;
    private final Watchdog watchdog;
    private final int stackBytes;
    private final boolean streams;
    private final StringBuilder held = new StringBuilder();
    private final List<TokenLogProbs> heldTokens = new ArrayList<>();
    private final Runnable requestCheck;
    private final GuestOutput output;
    private final BlockingQueue<Event> events = new ArrayBlockingQueue<>(PIECES);
    /** Only the guest's thread touches it. */
    private @Nullable RealmException error;

    private sealed interface Event {
    }

    /** @param tokens whose text it ends with */
    private record Piece(String text, List<TokenLogProbs> tokens) implements Event {}

    private record PromptRead(List<TokenLogProbs> tokens) implements Event {}

    private record Call(String id, String name, String arguments) implements Event {}

    private record Notice(String name, String json) implements Event {}

    private record End(@Nullable RealmException error) implements Event {}

    /** What the client is told when the guest itself failed. */
    @FunctionalInterface
    interface Failure {
        RealmException because(String whatTheGuestDid, @Nullable Throwable thrown);

        /** Where its code was; empty when that is not known. */
        default String where(Throwable thrown) {
            return "";
        }
    }

    /**
     * @param stackBytes of the thread that the guest will run on
     * @param streams whether text is handed over as it comes; otherwise at the end, which wakes the request's thread but once
     */
    GuestTask(Supervision supervision, Watchdog watchdog, int stackBytes, boolean streams, Runnable requestCheck,
            GuestOutput output) {
        this.streams = streams;
        this.stackBytes = stackBytes;
        this.supervision = supervision;
        this.watchdog = watchdog;
        this.requestCheck = requestCheck;
        this.output = output;
    }

    void run(Runnable guestCode) {
        run(guestCode, (what, thrown) -> new RealmException(ErrorCode.GUEST_FAILED, what, thrown));
    }

    /** On the guest's thread: runs {@code guestCode} under watch; {@link #ended} is to follow. */
    void run(Runnable guestCode, Failure failure) {
        supervision.begin(Watchdog.currentCpuNanos());
        GuestThread.runs(supervision);
        try {
            watchdog.add(supervision);
            supervision.check();
            guestCode.run();
        } catch (Throwable e) {
            error = cause(e, failure);
        } finally {
            GuestThread.runs(null);
            supervision.end(Watchdog.currentCpuNanos());
            watchdog.remove(supervision);
        }
    }

    /** On the guest's thread, when its place is free for another: tells the request's thread. */
    void ended() {
        try {
            if (!(held.isEmpty() && heldTokens.isEmpty()) && error == null) {
                events.put(new Piece(held.toString(), heldTokens));
            }
            events.put(new End(error));
        } catch (InterruptedException e) {
            // Only a host that is being closed interrupts here; the waiting request finds out by its own clock.
            Thread.currentThread().interrupt();
        }
    }

    private RealmException cause(Throwable e, Failure failure) {
        RealmException verdict = supervision.verdict();
        String where = e instanceof ChicoryException || e instanceof StackOverflowError ? failure.where(e) : "";
        if (verdict != null) {
            return verdict;
        }
        return switch (e) {
            case GuestAbort abort -> abort.why();
            case RealmException own -> own;
            case AbiException abi -> abi.origin();
            case StackOverflowError _ -> stackExhausted(failure);
            case OutOfMemoryError _ -> new RealmException(ErrorCode.OVERLOADED, "the server had no memory left for the guest", e);
            case ChicoryInterruptedException _,CancellationException _ ->
                new RealmException(ErrorCode.CANCELLED, "the guest was interrupted", e);
            case TrapException trap -> failure.because(trap(trap, where), trap);
            case ChicoryException c when c.getCause() instanceof StackOverflowError -> stackExhausted(failure);
            case ChicoryException c -> failure.because(trap(c, where), c);
            default -> new RealmException(ErrorCode.INTERNAL, "the guest host failed: " + GuestCompiler.describe(e), e);
        };
    }

    private static String trap(ChicoryException e, String where) {
        return "trap: " + GuestCompiler.describe(e) + (where.isEmpty() ? "" : "; " + where);
    }

    private RealmException stackExhausted(Failure failure) {
        RealmException known = failure.because("call stack exhausted", null);
        return known.code() == ErrorCode.GUEST_FAILED
                ? GuestLimit.STACK_BYTES.reached(stackBytes + " bytes", "all of them")
                : known;
    }

    /** On the guest's thread: hands text to the client's side, waiting while the client is slow. */
    @Override
    public void text(String text, List<TokenLogProbs> tokens) {
        if (!streams) {
            held.append(text);
            heldTokens.addAll(tokens);
            return;
        }
        put(new Piece(text, tokens));
    }

    @Override
    public void prompt(List<TokenLogProbs> tokens) {
        put(new PromptRead(tokens));
    }

    @Override
    public void toolCall(String id, String name, String arguments) {
        put(new Call(id, name, arguments));
    }

    @Override
    public void event(String name, String json) {
        put(new Notice(name, json));
    }

    private void put(Event event) {
        supervision.waiting(true);
        try {
            events.put(event);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            RealmException verdict = supervision.verdict();
            throw new GuestAbort(
                    verdict != null ? verdict : new RealmException(ErrorCode.CANCELLED, "the guest was interrupted"));
        } finally {
            supervision.waiting(false);
        }
    }

    /** On the request's thread: passes text on until the guest has ended; throws why it failed. */
    void await() {
        boolean interrupted = false;
        long givenUpAt = Long.MAX_VALUE;
        try {
            while (System.nanoTime() < givenUpAt) {
                try {
                    switch (events.poll(1, TimeUnit.SECONDS)) {
                        case Piece piece -> pass(() -> pass(piece));
                        case PromptRead prompt -> output.promptLogProbs(prompt.tokens());
                        case Call call -> pass(() -> output.toolCall(call.id(), call.name(), call.arguments()));
                        case Notice notice -> pass(() -> output.event(notice.name(), notice.json()));
                        case End end -> {
                            if (end.error() != null) {
                                throw end.error();
                            }
                            return;
                        }
                        case null -> {
                        }
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                    supervision.kill(new RealmException(ErrorCode.CANCELLED, "the request's thread was interrupted", e));
                }
                if (givenUpAt == Long.MAX_VALUE && overdue()) {
                    givenUpAt = System.nanoTime() + GIVE_UP_NANOS;
                }
            }
            supervision.check();
            throw new RealmException(ErrorCode.INTERNAL, "a guest did not end");
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean overdue() {
        if (supervision.verdict() != null) {
            return true;
        }
        try {
            requestCheck.run();
        } catch (RealmException e) {
            supervision.kill(e);
            return true;
        }
        return false;
    }

    private void pass(Piece piece) {
        if (!piece.tokens().isEmpty()) {
            output.logProbs(piece.tokens());
        }
        output.piece(piece.text());
    }

    private void pass(Runnable to) {
        if (supervision.verdict() != null) {
            return; // nobody wants it any more
        }
        try {
            to.run();
        } catch (RealmException e) {
            supervision.kill(e);
        } catch (RuntimeException e) {
            supervision.kill(new RealmException(ErrorCode.INTERNAL, "the answer cannot be sent: " + e, e));
        }
    }
}
