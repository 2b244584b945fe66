package ai.realm.core.sampling.grammar.regular;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A deterministic automaton over code points: state 0 is the start, every state can be reached and can reach an accepting one (but
 * for the start of the empty language). Immutable.
 */
public final class Dfa {
    /** States that one automaton may have. */
    public static final int MAX_STATES = 20_000;
    private static final int MAX_ROUNDS = 12;
    /** Larger ones are not worth the work of making them smaller. */
    private static final int MAX_MINIMIZED = 1500;

    /** Any text. */
    public static final Dfa ANY = new Dfa(new int[][]{{0, 0xD7FF, 0, 0xE000, Character.MAX_CODE_POINT, 0}}, set(0));
    /** No text. */
    public static final Dfa NONE = new Dfa(new int[][]{{}}, new BitSet());

    /** By state: first and last code point and the next state, rising, without overlap. */
    private final int[][] edges;
    private final BitSet accepting;

    private Dfa(int[][] edges, BitSet accepting) {
        this.edges = edges;
        this.accepting = accepting;
    }

    private static BitSet set(int state) {
        BitSet out = new BitSet();
        out.set(state);
        return out;
    }

    /** An automaton of states that were put together elsewhere; what leads nowhere is left out. */
    static Dfa of(List<int[]> edges, BitSet accepting) {
        return trimmed(edges.toArray(new int[0][]), accepting);
    }

    public int size() {
        return edges.length;
    }

    /** First and last code point and the next state of each edge, rising; not to be changed. */
    public int[] edges(int state) {
        return edges[state];
    }

    public boolean accepts(int state) {
        return accepting.get(state);
    }

    public boolean isEmpty() {
        return accepting.isEmpty();
    }

    /** The next state, or -1. */
    public int next(int state, int codePoint) {
        int[] e = edges[state];
        int from = 0;
        int to = e.length / 3;
        while (from < to) {
            int middle = from + to >>> 1;
            if (e[3 * middle + 1] < codePoint) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return 3 * from < e.length && e[3 * from] <= codePoint ? e[3 * from + 2] : -1;
    }

    public boolean matches(String text) {
        int state = 0;
        for (int i = 0; i < text.length() && state >= 0;) {
            int cp = text.codePointAt(i);
            state = next(state, cp);
            i += Character.charCount(cp);
        }
        return state >= 0 && accepting.get(state);
    }

    /** The texts themselves, as a tree of what they begin with. */
    public static Dfa ofTexts(Collection<String> texts) {
        List<TreeMap<Integer, Integer>> tree = new ArrayList<>();
        BitSet accepting = new BitSet();
        tree.add(new TreeMap<>());
        for (String text : texts) {
            int at = 0;
            for (int cp : text.codePoints().toArray()) {
                Integer next = tree.get(at).get(cp);
                if (next == null) {
                    next = tree.size();
                    tree.add(new TreeMap<>());
                    tree.get(at).put(cp, next);
                }
                at = next;
            }
            accepting.set(at);
        }
        int[][] edges = new int[tree.size()][];
        for (int i = 0; i < edges.length; i++) {
            int[] e = new int[3 * tree.get(i).size()];
            int n = 0;
            for (Map.Entry<Integer, Integer> edge : tree.get(i).entrySet()) {
                e[n++] = edge.getKey();
                e[n++] = edge.getKey();
                e[n++] = edge.getValue();
            }
            edges[i] = e;
        }
        return trimmed(edges, accepting);
    }

    /**
     * The automaton of what a walk says, from a place with each character to the next; places are equal by value.
     *
     * @param step the next place, or null
     */
    public static <P> Dfa explore(P start, String alphabet, BiFunction<P, Character, @Nullable P> step, Predicate<P> accepts,
            WorkBudget budget) {
        Map<P, Integer> ids = new HashMap<>();
        List<P> places = new ArrayList<>();
        List<int[]> edges = new ArrayList<>();
        BitSet accepting = new BitSet();
        char[] sorted = alphabet.toCharArray();
        Arrays.sort(sorted);
        ids.put(start, 0);
        places.add(start);
        for (int i = 0; i < places.size(); i++) {
            P at = places.get(i);
            budget.spend(sorted.length);
            accepting.set(i, accepts.test(at));
            EdgeList list = new EdgeList();
            for (char c : sorted) {
                P next = step.apply(at, c);
                if (next != null) {
                    Integer id = ids.get(next);
                    if (id == null) {
                        id = places.size();
                        if (id >= MAX_STATES) {
                            throw new WorkBudget.ExceededException();
                        }
                        ids.put(next, id);
                        places.add(next);
                    }
                    list.add(c, c, id);
                }
            }
            edges.add(list.toArray());
        }
        return of(edges, accepting);
    }

    public Dfa intersection(Dfa other, WorkBudget budget) {
        return this == ANY ? other : other == ANY ? this : product(other, true, true, budget);
    }

    public Dfa minus(Dfa other, WorkBudget budget) {
        return other.isEmpty() ? this : product(other, true, false, budget);
    }

    public Dfa union(Dfa other, WorkBudget budget) {
        return other.isEmpty() ? this : isEmpty() ? other : product(other, false, false, budget);
    }

    /** Both; the first only ({@code first}, not {@code second}); or either (neither asked for). */
    private Dfa product(Dfa other, boolean first, boolean second, WorkBudget budget) {
        Map<Long, Integer> ids = new HashMap<>();
        List<long[]> pairs = new ArrayList<>();
        List<int[]> out = new ArrayList<>();
        BitSet accepted = new BitSet();
        ids.put(0L, 0);
        pairs.add(new long[]{0, 0});
        for (int i = 0; i < pairs.size(); i++) {
            int p = (int) pairs.get(i)[0];
            int q = (int) pairs.get(i)[1];
            boolean inP = p >= 0 && accepting.get(p);
            boolean inQ = q >= 0 && other.accepting.get(q);
            accepted.set(i, first ? inP && inQ == second : inP || inQ);
            int[] a = p < 0 ? CodePoints.NONE : edges[p];
            int[] b = q < 0 ? CodePoints.NONE : other.edges[q];
            budget.spend(8 + a.length + b.length);
            EdgeList list = new EdgeList();
            sweep(a, b, (lo, hi, x, y) -> {
                if (first && (x < 0 || second && y < 0)) {
                    return;
                }
                long key = (long) x << 32 | y & 0xFFFFFFFFL;
                Integer id = ids.get(key);
                if (id == null) {
                    id = pairs.size();
                    if (id >= MAX_STATES) {
                        throw new WorkBudget.ExceededException();
                    }
                    ids.put(key, id);
                    pairs.add(new long[]{x, y});
                }
                list.add(lo, hi, id);
            });
            out.add(list.toArray());
        }
        return of(out, accepted).minimized(budget);
    }

    private interface Segment {
        /** @param x the next state on the first side, or -1 */
        void accept(int lo, int hi, int x, int y);
    }

    private static void sweep(int[] a, int[] b, Segment out) {
        int i = 0;
        int j = 0;
        int at = 0;
        while (i < a.length || j < b.length) {
            int startA = i < a.length ? Math.max(a[i], at) : Integer.MAX_VALUE;
            int startB = j < b.length ? Math.max(b[j], at) : Integer.MAX_VALUE;
            int lo = Math.min(startA, startB);
            boolean inA = startA == lo;
            boolean inB = startB == lo;
            int hi = Math.min(inA ? a[i + 1] : startA - 1, inB ? b[j + 1] : startB - 1);
            out.accept(lo, hi, inA ? a[i + 2] : -1, inB ? b[j + 2] : -1);
            at = hi + 1;
            if (i < a.length && a[i + 1] < at) {
                i += 3;
            }
            if (j < b.length && b[j + 1] < at) {
                j += 3;
            }
        }
    }

    /** Edges of one state, put together in rising order. */
    static final class EdgeList {
        private int[] e = new int[12];
        private int n;

        void add(int lo, int hi, int to) {
            if (n > 0 && e[n - 2] == lo - 1 && e[n - 1] == to) {
                e[n - 2] = hi;
                return;
            }
            if (n == e.length) {
                e = Arrays.copyOf(e, 2 * n);
            }
            e[n++] = lo;
            e[n++] = hi;
            e[n++] = to;
        }

        int[] toArray() {
            return Arrays.copyOf(e, n);
        }
    }

    /** Texts of {@code min} to {@code max} code points, {@code max} negative for no bound. */
    public Dfa withLength(int min, int max, WorkBudget budget) {
        Dfa length = length(min, max);
        return length == ANY ? this : intersection(length, budget);
    }

    private static Dfa length(int min, int max) {
        if (min <= 0 && max < 0) {
            return ANY;
        }
        if (max >= 0 && max < min) {
            return NONE;
        }
        int last = Math.max(min, max);
        if (last >= MAX_STATES) {
            throw new WorkBudget.ExceededException();
        }
        int[][] edges = new int[last + 1][];
        BitSet accepting = new BitSet();
        accepting.set(Math.max(min, 0), last + 1);
        for (int i = 0; i <= last; i++) {
            int to = i < last ? i + 1 : max < 0 ? i : -1;
            edges[i] = to < 0 ? CodePoints.NONE : new int[]{0, 0xD7FF, to, 0xE000, Character.MAX_CODE_POINT, to};
        }
        return new Dfa(edges, accepting);
    }

    /** Code points of the shortest text. */
    public int shortest() {
        int[] distance = new int[size()];
        Arrays.fill(distance, -1);
        int[] queue = new int[size()];
        int n = 1;
        distance[0] = 0;
        for (int i = 0; i < n; i++) {
            int s = queue[i];
            if (accepting.get(s)) {
                return distance[s];
            }
            for (int e = 2; e < edges[s].length; e += 3) {
                int to = edges[s][e];
                if (distance[to] < 0) {
                    distance[to] = distance[s] + 1;
                    queue[n++] = to;
                }
            }
        }
        return -1;
    }

    /** Code points of the longest text, or -1 when there is none. */
    public int longest() {
        int[] incoming = new int[size()];
        for (int[] e : edges) {
            for (int i = 2; i < e.length; i += 3) {
                incoming[e[i]]++;
            }
        }
        int[] longest = new int[size()];
        int[] queue = new int[size()];
        int n = 0;
        if (incoming[0] == 0) {
            queue[n++] = 0;
        }
        int best = -1;
        for (int i = 0; i < n; i++) {
            int s = queue[i];
            best = accepting.get(s) ? Math.max(best, longest[s]) : best;
            for (int e = 2; e < edges[s].length; e += 3) {
                int to = edges[s][e];
                longest[to] = Math.max(longest[to], longest[s] + 1);
                if (--incoming[to] == 0) {
                    queue[n++] = to;
                }
            }
        }
        return n < size() ? -1 : best;
    }

    private static Dfa trimmed(int[][] edges, BitSet accepting) {
        List<List<Integer>> before = new ArrayList<>();
        for (int i = 0; i < edges.length; i++) {
            before.add(new ArrayList<>());
        }
        for (int i = 0; i < edges.length; i++) {
            for (int e = 2; e < edges[i].length; e += 3) {
                before.get(edges[i][e]).add(i);
            }
        }
        BitSet alive = (BitSet) accepting.clone();
        List<Integer> todo = new ArrayList<>();
        accepting.stream().forEach(todo::add);
        while (!todo.isEmpty()) {
            for (int s : before.get(todo.removeLast())) {
                if (!alive.get(s)) {
                    alive.set(s);
                    todo.add(s);
                }
            }
        }
        if (!alive.get(0)) {
            return NONE;
        }
        return renumbered(edges, accepting, alive);
    }

    /** The states that are alive and reached, in the order of a search from the start. */
    private static Dfa renumbered(int[][] edges, BitSet accepting, BitSet alive) {
        int[] number = new int[edges.length];
        Arrays.fill(number, -1);
        int[] order = new int[edges.length];
        int n = 1;
        number[0] = 0;
        List<int[]> out = new ArrayList<>();
        BitSet accepted = new BitSet();
        for (int i = 0; i < n; i++) {
            int s = order[i];
            accepted.set(i, accepting.get(s));
            EdgeList list = new EdgeList();
            for (int e = 0; e < edges[s].length; e += 3) {
                int to = edges[s][e + 2];
                if (alive.get(to)) {
                    if (number[to] < 0) {
                        number[to] = n;
                        order[n++] = to;
                    }
                    list.add(edges[s][e], edges[s][e + 1], number[to]);
                }
            }
            out.add(list.toArray());
        }
        return new Dfa(out.toArray(new int[0][]), accepted);
    }

    private record Signature(int block, List<Integer> edges) {}

    /** The smallest automaton, or this one where that takes more rounds than it is worth. */
    public Dfa minimized(WorkBudget budget) {
        if (size() > MAX_MINIMIZED) {
            return this;
        }
        int[] block = new int[size()];
        for (int s = 0; s < size(); s++) {
            block[s] = accepting.get(s) ? 1 : 0;
        }
        int blocks = accepting.cardinality() == size() || accepting.isEmpty() ? 1 : 2;
        for (int round = 0; round < MAX_ROUNDS; round++) {
            Map<Signature, Integer> known = new HashMap<>();
            int[] next = new int[size()];
            for (int s = 0; s < size(); s++) {
                List<Integer> signature = new ArrayList<>();
                EdgeList merged = new EdgeList();
                for (int e = 0; e < edges[s].length; e += 3) {
                    merged.add(edges[s][e], edges[s][e + 1], block[edges[s][e + 2]]);
                }
                for (int x : merged.toArray()) {
                    signature.add(x);
                }
                budget.spend(2 + signature.size());
                next[s] = known.computeIfAbsent(new Signature(block[s], signature), k -> known.size());
            }
            boolean stable = known.size() == blocks;
            block = next;
            blocks = known.size();
            if (stable) {
                return blocks == size() ? this : merged(block, blocks);
            }
            if (blocks == size()) {
                return this;
            }
        }
        return this;
    }

    private Dfa merged(int[] block, int blocks) {
        // the block of the start is block 0: signatures are numbered as they are met
        int[][] out = new int[blocks][];
        BitSet accepted = new BitSet();
        for (int s = size() - 1; s >= 0; s--) {
            EdgeList list = new EdgeList();
            for (int e = 0; e < edges[s].length; e += 3) {
                list.add(edges[s][e], edges[s][e + 1], block[edges[s][e + 2]]);
            }
            out[block[s]] = list.toArray();
            accepted.set(block[s], accepting.get(s));
        }
        return renumbered(out, accepted, all(blocks));
    }

    private static BitSet all(int n) {
        BitSet out = new BitSet();
        out.set(0, n);
        return out;
    }
}
