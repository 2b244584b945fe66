package ai.realm.core.sampling.grammar.regular;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A nondeterministic automaton under construction. Besides edges that take a code point it has edges that take nothing, which may
 * ask for what stands before and after: the begin or the end of the text, or a word's edge. One thread.
 */
final class Nfa {
    enum Condition {
        NONE,
        BEGIN,
        END,
        WORD_EDGE,
        NO_WORD_EDGE
    }

    /** What stands on one side of a place. */
    private enum Side {
        OUTSIDE,
        WORD,
        OTHER
    }

    private static final int MAX_NODES = 60_000;
    static final int[] WORD = {'0', '9', 'A', 'Z', '_', '_', 'a', 'z'};
    private static final int[] NOT_WORD = CodePoints.complement(WORD);

    private record Edge(int[] set, int to) {}

    private record Free(Condition condition, int to) {}

    private record Key(List<Integer> nodes, Side before) {}

    private final List<List<Edge>> edges = new ArrayList<>();
    private final List<List<Free>> free = new ArrayList<>();
    private final WorkBudget budget;
    private boolean words;
    /** By node: how many ranges that lead there are open; all 0 between uses. */
    private int[] count = new int[0];

    Nfa(WorkBudget budget) {
        this.budget = budget;
    }

    int node() {
        if (edges.size() >= MAX_NODES) {
            throw new WorkBudget.ExceededException();
        }
        budget.spend(1);
        edges.add(new ArrayList<>(2));
        free.add(new ArrayList<>(2));
        return edges.size() - 1;
    }

    void edge(int from, int[] set, int to) {
        edges.get(from).add(new Edge(set, to));
    }

    void free(int from, Condition condition, int to) {
        free.get(from).add(new Free(condition, to));
        words |= condition == Condition.WORD_EDGE || condition == Condition.NO_WORD_EDGE;
    }

    /** Adds the states of another automaton; a match of it goes on at {@code to}. */
    void embed(Dfa dfa, int from, int to) {
        int first = edges.size();
        for (int s = 0; s < dfa.size(); s++) {
            node();
        }
        free(from, Condition.NONE, first);
        for (int s = 0; s < dfa.size(); s++) {
            int[] e = dfa.edges(s);
            for (int i = 0; i < e.length; i += 3) {
                edge(first + s, new int[]{e[i], e[i + 1]}, first + e[i + 2]);
            }
            if (dfa.accepts(s)) {
                free(first + s, Condition.NONE, to);
            }
        }
    }

    Dfa determinized(int start, int accept) {
        Map<Key, Integer> ids = new HashMap<>();
        List<Key> keys = new ArrayList<>();
        List<int[]> out = new ArrayList<>();
        BitSet accepting = new BitSet();
        Key first = new Key(List.of(start), Side.OUTSIDE);
        ids.put(first, 0);
        keys.add(first);
        for (int i = 0; i < keys.size(); i++) {
            Key key = keys.get(i);
            accepting.set(i, closure(key, Side.OUTSIDE).get(accept));
            List<Edge> all = new ArrayList<>();
            if (words) {
                collect(closure(key, Side.WORD), WORD, all);
                collect(closure(key, Side.OTHER), NOT_WORD, all);
            } else {
                collect(closure(key, Side.OTHER), null, all);
            }
            Dfa.EdgeList list = new Dfa.EdgeList();
            segments(all, (lo, hi, nodes) -> {
                Side before = words && CodePoints.contains(WORD, lo) ? Side.WORD : Side.OTHER;
                Key next = new Key(nodes, before);
                Integer id = ids.get(next);
                if (id == null) {
                    id = keys.size();
                    if (id >= Dfa.MAX_STATES) {
                        throw new WorkBudget.ExceededException();
                    }
                    ids.put(next, id);
                    keys.add(next);
                }
                list.add(lo, hi, id);
            });
            out.add(list.toArray());
        }
        return Dfa.of(out, accepting).minimized(budget);
    }

    private BitSet closure(Key key, Side after) {
        BitSet in = new BitSet();
        List<Integer> todo = new ArrayList<>(key.nodes);
        todo.forEach(in::set);
        while (!todo.isEmpty()) {
            int node = todo.removeLast();
            budget.spend(1);
            for (Free f : free.get(node)) {
                if (!in.get(f.to) && holds(f.condition, key.before, after)) {
                    in.set(f.to);
                    todo.add(f.to);
                }
            }
        }
        return in;
    }

    private static boolean holds(Condition condition, Side before, Side after) {
        return switch (condition) {
            case NONE -> true;
            case BEGIN -> before == Side.OUTSIDE;
            case END -> after == Side.OUTSIDE;
            case WORD_EDGE -> before == Side.WORD != (after == Side.WORD);
            case NO_WORD_EDGE -> before == Side.WORD == (after == Side.WORD);
        };
    }

    private void collect(BitSet nodes, int @Nullable [] only, List<Edge> out) {
        for (int n = nodes.nextSetBit(0); n >= 0; n = nodes.nextSetBit(n + 1)) {
            for (Edge e : edges.get(n)) {
                out.add(only == null ? e : new Edge(CodePoints.intersection(e.set, only), e.to));
            }
        }
    }

    private interface Segment {
        void accept(int lo, int hi, List<Integer> nodes);
    }

    /** The code points in ranges that lead to the same nodes, rising. */
    private void segments(List<Edge> all, Segment out) {
        int total = 0;
        for (Edge e : all) {
            total += e.set.length;
        }
        // a place, then begin (1) or end (0), then the node: at one place what ends is taken off after what begins is added
        long[] events = new long[total];
        int n = 0;
        for (int i = 0; i < all.size(); i++) {
            int[] set = all.get(i).set;
            for (int k = 0; k < set.length; k += 2) {
                events[n++] = (long) set[k] << 32 | (long) i << 1 | 1;
                events[n++] = (long) (set[k + 1] + 1) << 32 | (long) i << 1;
            }
        }
        Arrays.sort(events);
        if (count.length < edges.size()) {
            count = new int[edges.size()];
        }
        TreeSet<Integer> active = new TreeSet<>();
        int from = 0;
        for (int i = 0; i < n;) {
            int at = (int) (events[i] >> 32);
            if (!active.isEmpty() && at > from) {
                budget.spend(4 + active.size());
                out.accept(from, at - 1, List.copyOf(active));
            }
            while (i < n && (int) (events[i] >> 32) == at) {
                int to = all.get((int) events[i] >>> 1).to;
                count[to] += (events[i] & 1) == 1 ? 1 : -1;
                if (count[to] == 0) {
                    active.remove(to);
                } else {
                    active.add(to);
                }
                i++;
            }
            from = at;
        }
    }
}
