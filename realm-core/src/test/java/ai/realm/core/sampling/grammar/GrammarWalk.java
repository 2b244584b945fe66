package ai.realm.core.sampling.grammar;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;

/** Draws texts that a grammar matches: alternatives at random, and the shortest ones once a text is long. */
final class GrammarWalk {
    private static final int FAR = 1 << 28;

    private final Grammar grammar;
    private final int[] shortest;

    GrammarWalk(Grammar grammar) {
        this.grammar = grammar;
        this.shortest = new int[grammar.alternatives.length];
        Arrays.fill(shortest, FAR);
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int rule = shortest.length - 1; rule >= 0; rule--) {
                for (int start : grammar.alternatives[rule]) {
                    int length = length(start);
                    if (length < shortest[rule]) {
                        shortest[rule] = length;
                        changed = true;
                    }
                }
            }
        }
    }

    /** The least number of characters from a position to the end of its alternative. */
    private int length(int start) {
        if (start >= grammar.program.length) {
            int c = grammar.countedAt(start);
            return (int) Math.min(FAR, (long) grammar.countedMin[c] * shortest[grammar.countedItem[c]]);
        }
        int sum = 0;
        for (int at = start; grammar.program[at] != null && sum < FAR; at++) {
            sum += grammar.program[at] instanceof Symbol.Rule r ? shortest[r.id()] + 1 : 1;
        }
        return Math.min(sum, FAR);
    }

    /** @param soft the length from which on the text is brought to an end */
    String text(Random random, int soft) {
        StringBuilder out = new StringBuilder();
        Deque<Integer> stack = new ArrayDeque<>();
        enter(grammar.root, random, false, stack);
        while (!stack.isEmpty()) {
            int at = stack.pop();
            if (at >= grammar.program.length) {
                counted(at, random, out.length() >= soft, stack);
                continue;
            }
            Symbol symbol = grammar.program[at];
            if (symbol == null) {
                continue;
            }
            stack.push(at + 1);
            switch (symbol) {
                case Symbol.Char c -> out.appendCodePoint(draw(c.set().ranges(), random));
                case Symbol.Rule r -> enter(r.id(), random, out.length() >= soft, stack);
                case Symbol.Token t -> throw new IllegalArgumentException("a token has no text here");
            }
        }
        return out.toString();
    }

    private void enter(int rule, Random random, boolean end, Deque<Integer> stack) {
        int[] starts = grammar.alternatives[rule];
        int chosen = starts[random.nextInt(starts.length)];
        if (end) {
            for (int start : starts) {
                if (length(start) < length(chosen)) {
                    chosen = start;
                }
            }
        }
        stack.push(chosen);
    }

    private void counted(int at, Random random, boolean end, Deque<Integer> stack) {
        int c = grammar.countedAt(at);
        int count = at - grammar.countedBase[c];
        int min = grammar.countedMin[c];
        int max = grammar.countedMax[c];
        if (count < min || (max < 0 || count < max) && !end && random.nextInt(6) > 0) {
            stack.push(max < 0 ? grammar.countedBase[c] + Math.min(count + 1, min) : at + 1);
            enter(grammar.countedItem[c], random, end, stack);
        }
    }

    private static int draw(int[] ranges, Random random) {
        // mostly what people write
        for (int attempt = 0; attempt < 4; attempt++) {
            int i = 2 * random.nextInt(ranges.length / 2);
            int cp = ranges[i] + random.nextInt(ranges[i + 1] - ranges[i] + 1);
            if (cp < 0x250 || attempt == 3) {
                return cp >= 0xD800 && cp < 0xE000 ? ranges[i] : cp;
            }
            if (ranges[i] < 0x7F) {
                return ranges[i] + random.nextInt(Math.min(ranges[i + 1], 0x7E) - ranges[i] + 1);
            }
        }
        return ranges[0];
    }
}
