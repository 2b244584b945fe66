package ai.realm.core.sampling.grammar;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.schema.SchemaCompiler;
import ai.realm.core.tokenizer.Vocab;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * A compiled context-free grammar over characters and tokens: rules of alternatives of symbols, checked to have no undefined
 * rule and no left recursion, and in which every alternative can come to an end. Thread-safe; only what is known of its places grows.
 *
 * <p>Where an output stands in a rule is a position. Those below {@code program.length} are a symbol each, or the end of an
 * alternative. Those from there on belong to counted rules, which repeat an item: {@code base + n} of a counted rule means that
 * the item has been matched {@code n} times ({@link #countedAt} finds the rule).
 */
public final class Grammar {
    static final int MAX_TEXT = 1 << 18;
    /** Rules that begin with themselves and are written anew; each is looked for in time linear in the grammar. */
    private static final int MAX_CYCLES = 64;

    /** Positions: a symbol each, with an end after each alternative. */
    final @Nullable Symbol[] program;
    /** By rule, the position where each alternative begins. */
    final int[][] alternatives;
    final int root;
    /** By counted rule: its first position, rising. */
    final int[] countedBase;
    /** By counted rule: the rule that it repeats; it never matches nothing. */
    final int[] countedItem;
    final int[] countedMin;
    /** Negative for no bound; then the count stays at the minimum once that is reached. */
    final int[] countedMax;

    private final ConcurrentMap<Vocab, PositionMasks> masks = new ConcurrentHashMap<>();

    private Grammar(Rules rules, int root) {
        List<@Nullable Symbol> all = new ArrayList<>();
        List<List<List<Symbol>>> bodies = rules.bodies();
        this.alternatives = new int[rules.size()][];
        for (int rule = 0; rule < rules.size(); rule++) {
            if (rules.counted().containsKey(rule)) {
                continue;
            }
            List<List<Symbol>> body = bodies.get(rule);
            alternatives[rule] = new int[body.size()];
            for (int i = 0; i < body.size(); i++) {
                alternatives[rule][i] = all.size();
                all.addAll(body.get(i));
                all.add(null);
            }
        }
        this.program = all.toArray(new @Nullable Symbol[0]);
        this.root = root;
        int counted = rules.counted().size();
        this.countedBase = new int[counted];
        this.countedItem = new int[counted];
        this.countedMin = new int[counted];
        this.countedMax = new int[counted];
        int base = program.length;
        int n = 0;
        for (int rule = 0; rule < rules.size(); rule++) {
            Rules.Counted c = rules.counted().get(rule);
            if (c != null) {
                alternatives[rule] = new int[]{base};
                countedBase[n] = base;
                countedItem[n] = c.item();
                countedMin[n] = c.min();
                countedMax[n] = c.max();
                base += Math.max(c.min(), c.max()) + 1;
                n++;
            }
        }
    }

    /** What is known of places in this grammar for the tokens of a vocabulary. */
    PositionMasks masks(Vocab vocab) {
        return masks.computeIfAbsent(vocab, v -> new PositionMasks());
    }

    /** Bytes of masks that were made for it so far. */
    public long maskBytes() {
        return masks.values().stream().mapToLong(PositionMasks::bytes).sum();
    }

    /** The counted rule that a position from {@code program.length} on belongs to. */
    int countedAt(int position) {
        int at = Arrays.binarySearch(countedBase, position);
        return at >= 0 ? at : -at - 2;
    }

    /**
     * A position that stands for this one as far as the next {@code characters} are concerned: while neither end of a repetition
     * is so near, one count is as good as another. So masks can be shared between counts.
     */
    int representative(int position, int characters) {
        if (position < program.length) {
            return position;
        }
        int c = countedAt(position);
        int count = position - countedBase[c];
        if (countedMin[c] - count > characters) {
            return countedBase[c];
        }
        return count >= countedMin[c] && countedMax[c] - count > characters ? countedBase[c] + countedMin[c] : position;
    }

    /**
     * Compiles GBNF, as llama.cpp writes it.
     *
     * @param vocab what token names refer to; null where there are none
     * @throws RealmException INVALID_REQUEST for the parameter "grammar", with the line
     */
    public static Grammar gbnf(String text, @Nullable Vocab vocab) {
        if (text.length() > MAX_TEXT) {
            throw RealmException.badParam("grammar",
                    "grammar must have at most " + MAX_TEXT + " characters, not " + text.length());
        }
        return compile(text, vocab);
    }

    private static Grammar compile(String text, @Nullable Vocab vocab) {
        GbnfParser parser = new GbnfParser(text, vocab);
        parser.parse();
        checkRecursion(parser.rules(), parser.lark());
        return of(parser.rules(), parser.root());
    }

    /** @param rewrite whether rules that begin with themselves become repetitions, as in Lark; in GBNF they are refused, as by llama.cpp */
    private static void checkRecursion(Rules rules, boolean rewrite) {
        List<Integer> cycle = new RecursionCheck(rules).cycle();
        for (int n = 0; !cycle.isEmpty(); n++) {
            if (!rewrite || n == MAX_CYCLES || !new LeftRecursion(rules).remove(cycle)) {
                throw RealmException.badParam("grammar", "grammar: the rule " + rules.name(cycle.getFirst())
                        + " begins with itself (left recursion); put something that is never empty before it");
            }
            cycle = new RecursionCheck(rules).cycle();
        }
    }

    private static Grammar of(Rules rules, int root) {
        Grammar out = new Grammar(rules, root);
        Automaton automaton = new Automaton(out);
        State start = automaton.start();
        boolean begins = Arrays.stream(start.stacks).anyMatch(
                stack -> !(automaton.symbol(stack) instanceof Symbol.Char c) || c.set().intersects(0, Character.MAX_CODE_POINT));
        if (!begins && !start.complete()) {
            throw RealmException.badParam("grammar", "grammar: the rule " + rules.name(root) + " matches no text");
        }
        return out;
    }

    /**
     * Compiles a JSON schema: what it matches is JSON of that schema, properties in the schema's order, with little white space.
     *
     * @throws RealmException INVALID_REQUEST for the parameter "json_schema"
     */
    public static Grammar jsonSchema(String schema) {
        if (schema.length() > MAX_TEXT) {
            throw RealmException.badParam("json_schema",
                    "json_schema must have at most " + MAX_TEXT + " characters, not " + schema.length());
        }
        Rules rules = new Rules();
        int root = SchemaCompiler.compile(schema, rules);
        return new Grammar(rules, root);
    }

    /** Whether the whole text matches. */
    public boolean matches(String text) {
        Automaton automaton = new Automaton(this);
        State state = automaton.start();
        for (int i = 0; i < text.length();) {
            int cp = text.codePointAt(i);
            state = automaton.next(state, cp);
            i += Character.charCount(cp);
        }
        return state.complete();
    }
}
