package ai.realm.server.tenant;

import ai.realm.runtime.session.Usage;
import org.jspecify.annotations.Nullable;

/**
 * What the generations of one request have used so far, whether they ended well or not, against what its permit has reserved.
 * Thread-safe.
 */
public final class RequestUsage {
    private final Permit permit;
    private final SharedPrompts prompts = new SharedPrompts();
    private volatile long expected = Long.MAX_VALUE;
    private long reserved;
    private long promised;
    private Usage usage = Usage.NONE;
    private @Nullable String stopString;
    private long guestCpuNanos;
    private volatile long firstTextNanos;

    RequestUsage(Permit permit) {
        this.permit = permit;
    }

    /** The request's guests will ask for so many answers to each prompt. */
    public void expectChoices(int n) {
        prompts.expect(n);
    }

    /** No generation sets aside more than so many tokens for its answer; what it uses beyond is charged when the request ends. */
    public void expectTokens(long each) {
        expected = each;
    }

    long expectedTokens() {
        return expected;
    }

    SharedPrompts prompts() {
        return prompts;
    }

    /** Sets tokens aside for the request as its client sent it. */
    public synchronized void reserve(long tokens) {
        permit.reserve(tokens);
        reserved += tokens;
    }

    /**
     * A generation that may use so many tokens is about to begin; a guest's further ones reserve more.
     *
     * @throws ai.realm.core.error.RealmException RATE_LIMIT_EXCEEDED, INSUFFICIENT_QUOTA
     */
    synchronized void begin(long tokens) {
        long used = (long) usage.promptTokens() + usage.generatedTokens();
        long missing = used + promised + tokens - reserved;
        if (missing > 0) {
            permit.reserve(missing);
            reserved += missing;
        }
        promised += tokens;
    }

    synchronized void end(long tokens, Usage used) {
        promised -= tokens;
        usage = usage.plus(used);
    }

    /** @param string the stop string that ended the last generation, or null */
    synchronized void stoppedAt(@Nullable String string) {
        stopString = string;
    }

    /** The stop string that ended the last generation that has ended; null when something else did. */
    public synchronized @Nullable String stopString() {
        return stopString;
    }

    /** The model has written its first text of the request. */
    void text() {
        if (firstTextNanos == 0) {
            firstTextNanos = System.nanoTime();
        }
    }

    /** When the model wrote its first text, of {@link System#nanoTime}; 0 when it has written none. */
    public long firstTextNanos() {
        return firstTextNanos;
    }

    /** Counts what took from the tokens that {@link #reserve} set aside. */
    synchronized void add(Usage used) {
        usage = usage.plus(used);
    }

    /** Counts the processor time of one of its guests, which has ended. */
    public synchronized void addGuestCpu(long nanos) {
        guestCpuNanos += nanos;
    }

    public synchronized long guestCpuNanos() {
        return guestCpuNanos;
    }

    /** What it used when all its guests have ended: what was begun for them and never asked for ends here. */
    public Usage complete() {
        prompts.close();
        return usage();
    }

    public synchronized Usage usage() {
        return usage;
    }
}
