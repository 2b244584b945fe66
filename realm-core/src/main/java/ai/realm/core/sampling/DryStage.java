package ai.realm.core.sampling;

import java.util.List;

/**
 * "Don't repeat yourself" (p-e-w 2024): lowers the logit of a token that would continue a sequence that already occurred, by
 * {@code multiplier * base ^ (length - allowedLength)}. A breaker, a sequence of tokens, ends the part of the history that counts
 * as being repeated.
 */
final class DryStage implements SamplerStage {
    private static final double FLOAT_MAX_LOG = 88.7228391;

    private final float multiplier;
    private final float base;
    private final int allowedLength;
    private final TokenWindow window;
    private final List<int[]> breakers;
    private final TokenCounts longest = new TokenCounts();
    private final boolean off;
    private int[] repeats = new int[0];

    /** @param lastTokens how many tokens of the history count; 0 or less turns the stage off */
    DryStage(float multiplier, float base, int allowedLength, int lastTokens, List<int[]> breakers) {
        this.multiplier = multiplier;
        this.base = base;
        this.allowedLength = allowedLength;
        this.window = new TokenWindow(lastTokens);
        this.breakers = List.copyOf(breakers);
        this.off = multiplier == 0 || base < 1 || lastTokens <= 0;
    }

    @Override
    public void accept(int token) {
        if (!off) {
            window.push(token);
        }
    }

    @Override
    public void apply(Candidates c) {
        if (off || window.size() <= allowedLength) {
            return;
        }
        int limit = sinceBreaker();
        if (limit < allowedLength) {
            return;
        }
        measureRepeats();
        longest.clear();
        for (int back = 1; back < window.size(); back++) {
            int length = Math.min(repeats[back], limit);
            int next = window.fromEnd(back - 1);
            // stored plus one: 0 means absent
            if (length >= allowedLength && length + 1 > longest.get(next)) {
                longest.put(next, length + 1);
            }
        }
        penalize(c);
    }

    private void penalize(Candidates c) {
        int maxExponent = base > 1.000001f ? (int) (FLOAT_MAX_LOG / Math.log(base)) : 0;
        for (int slot = 0; slot < longest.slots(); slot++) {
            int token = longest.tokenAt(slot);
            int at = token < 0 || isBreaker(token) ? -1 : c.indexOf(token);
            if (at >= 0 && c.logit(at) != Float.NEGATIVE_INFINITY) {
                int exponent = longest.valueAt(slot) - 1 - allowedLength;
                if (maxExponent > 0) {
                    exponent = Math.min(exponent, maxExponent);
                }
                c.setLogit(at, c.logit(at) - multiplier * (float) Math.pow(base, exponent));
            }
        }
        c.orderChanged();
    }

    /** How many tokens at the end of the history come after the latest breaker. */
    private int sinceBreaker() {
        for (int back = 0; back < window.size(); back++) {
            int tail = -1;
            for (int[] breaker : breakers) {
                if (breaker.length - 1 > tail && matches(breaker, back)) {
                    tail = breaker.length - 1;
                }
            }
            if (tail >= 0) {
                return back - tail;
            }
        }
        return window.size();
    }

    private boolean matches(int[] breaker, int back) {
        if (breaker.length - 1 > back) {
            return false;
        }
        for (int i = 0; i < breaker.length; i++) {
            if (window.fromEnd(back - i) != breaker[i]) {
                return false;
            }
        }
        return true;
    }

    private boolean isBreaker(int token) {
        for (int[] breaker : breakers) {
            if (breaker.length == 1 && breaker[0] == token) {
                return true;
            }
        }
        return false;
    }

    /** {@code repeats[k]}: how many tokens at the end also stand at the end of the history without its last k (Z-algorithm). */
    private void measureRepeats() {
        int n = window.size();
        if (repeats.length < n) {
            repeats = new int[Math.max(n, 2 * repeats.length)];
        }
        int left = 0;
        int right = 0;
        for (int k = 1; k < n; k++) {
            int z = k < right ? Math.min(right - k, repeats[k - left]) : 0;
            while (k + z < n && window.fromEnd(z) == window.fromEnd(k + z)) {
                z++;
            }
            repeats[k] = z;
            if (k + z > right) {
                left = k;
                right = k + z;
            }
        }
    }
}
