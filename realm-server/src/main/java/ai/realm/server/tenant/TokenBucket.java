package ai.realm.server.tenant;

/**
 * An allowance that fills at a steady rate up to one minute's worth. It may be overdrawn by what was known only afterwards; then
 * it takes longer until it gives again. Not thread-safe.
 */
final class TokenBucket {
    private static final double MINUTE = 60e9;

    private long perMinute;
    private double level;
    private long filledAt;

    TokenBucket(long perMinute, long now) {
        this.perMinute = perMinute;
        this.level = perMinute;
        this.filledAt = now;
    }

    long perMinute() {
        return perMinute;
    }

    /** Another rate: what was used already stays used, so that a change of a limit lets nobody begin anew. */
    void change(long newPerMinute, long now) {
        if (newPerMinute != perMinute) {
            fill(now);
            level += newPerMinute - perMinute;
            perMinute = newPerMinute;
        }
    }

    private void fill(long now) {
        level = Math.min(perMinute, level + (now - filledAt) / MINUTE * perMinute);
        filledAt = now;
    }

    /** Nanoseconds until {@code amount} is there, 0 when it is; more than a minute's worth counts as a minute's worth. */
    long nanosUntil(long amount, long now) {
        fill(now);
        double missing = Math.min(amount, perMinute) - level;
        // What rounding leaves over must not be waited for.
        return missing <= 1e-6 ? 0 : (long) Math.ceil(missing / perMinute * MINUTE);
    }

    void take(long amount, long now) {
        fill(now);
        level -= amount;
    }

    void giveBack(long amount, long now) {
        fill(now);
        level = Math.min(perMinute, level + amount);
    }

    long remaining(long now) {
        fill(now);
        return Math.max(0, (long) Math.floor(level + 1e-6));
    }

    /** Nanoseconds until it is full. */
    long nanosUntilFull(long now) {
        return nanosUntil(perMinute, now);
    }
}
