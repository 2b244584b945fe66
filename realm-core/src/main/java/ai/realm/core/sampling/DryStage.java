package ai.realm.core.sampling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
    /** By their last token, the shortest first. */
    private final Map<Integer, List<int[]>> breakers = new HashMap<>();
    /** How far before the newest token the breaker begins that begins last, and how many tokens it has after its first. */
    private int breakerBack = Integer.MAX_VALUE;
    private int breakerTail;
    private final TokenCounts longest = new TokenCounts();
    private final boolean off;
    private int[] repeats = new int[0];

    /** @param lastTokens how many tokens of the history count; 0 or less turns the stage off */
    DryStage(float multiplier, float base, int allowedLength, int lastTokens, List<int[]> breakers) {
        this.multiplier = multiplier;
        this.base = base;
        this.allowedLength = allowedLength;
        this.window = new TokenWindow(lastTokens);
        breakers.stream().filter(b -> b.length > 0).sorted(Comparator.comparingInt(b -> b.length))
                .forEach(b -> this.breakers.computeIfAbsent(b[b.length - 1], last -> new ArrayList<>()).add(b));
        this.off = multiplier == 0 || base < 1 || lastTokens <= 0;
    }

    @Override
    public void accept(int token) {
        if (!off) {
            window.push(token);
            lookForBreaker(token);
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

    /** Looks at the breakers that end with the newest token: a step must not wait for a search of the whole history. */
    private void lookForBreaker(int token) {
        if (breakerBack < Integer.MAX_VALUE) {
            breakerBack++;
        }
        for (int[] breaker : breakers.getOrDefault(token, List.of())) {
            // of two that begin at the same place the longer counts, which is the one that ends later
            if (breaker.length - 1 > breakerBack) {
                return;
            }
            if (breaker.length <= window.size() && ends(breaker)) {
                breakerBack = breaker.length - 1;
                breakerTail = breaker.length - 1;
                return;
            }
        }
    }

    private boolean ends(int[] breaker) {
        for (int i = 0; i < breaker.length; i++) {
            if (window.fromEnd(breaker.length - 1 - i) != breaker[i]) {
                return false;
            }
        }
        return true;
    }

    /** How many tokens at the end of the history come after the breaker that begins last, of those the longest. */
    int sinceBreaker() {
        return breakerBack < window.size() ? breakerBack - breakerTail : window.size();
    }

    private boolean isBreaker(int token) {
        List<int[]> ending = breakers.get(token);
        return ending != null && ending.getFirst().length == 1;
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
