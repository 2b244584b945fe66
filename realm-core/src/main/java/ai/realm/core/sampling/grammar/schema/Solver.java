package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.regular.WorkBudget;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes what holds of the values of one kind as cases without alternatives, of which one must hold: the combinations of
 * {@code anyOf}, {@code oneOf}, {@code if}, {@code not} and what depends on a property. A case that speaks of another kind, or
 * contradicts itself plainly, is left out. The number of cases is bounded; beyond it the keyword is refused.
 */
final class Solver {
    private static final int MAX_CASES = 64;
    private static final int MAX_DEPTH = 400;
    /** Branches of {@code anyOf} of which every combination is looked at, where it matters which hold. */
    private static final int MAX_COMBINED = 4;

    /** @param first a keyword that the values stand in, when the case is one of an enumeration */
    record Case(List<Atom> atoms, @Nullable Schema first) {}

    private final SchemaDocument document;
    private final Disjointness disjointness;
    private final WorkBudget budget;

    Solver(SchemaDocument document, Disjointness disjointness, WorkBudget budget) {
        this.document = document;
        this.disjointness = disjointness;
        this.budget = budget;
    }

    /** One of several ways for something to hold. */
    record Option(List<Lit> lits, List<Atom> atoms) {
        static Option lits(Lit... lits) {
            return new Option(List.of(lits), List.of());
        }

        static Option atoms(Atom... atoms) {
            return new Option(List.of(), List.of(atoms));
        }
    }

    private record Split(List<Option> options, Schema schema, String keyword, Way way) {}

    /** What led to where something is assumed; the first of a way has none before it. */
    private record Way(int length, @Nullable Lit lit, @Nullable Way before) {
        static final Way START = new Way(0, null, null);

        Way then(Lit next) {
            return new Way(length + 1, next, this);
        }

        boolean holds(Lit wanted) {
            for (Way at = this; at != null; at = at.before) {
                if (wanted.equals(at.lit)) {
                    return true;
                }
            }
            return false;
        }
    }

    /** A schema with oneOf and the way to it. */
    private record Late(Schema schema, Way way) {}

    /** What is known on the way to a case. */
    private static final class State {
        final boolean wide;
        final List<Atom> atoms = new ArrayList<>();
        final Set<Lit> seen = new HashSet<>();
        final List<Split> splits = new ArrayList<>();
        /** Schemas with oneOf, which is looked at when as much as can be is known. */
        final List<Late> late = new ArrayList<>();
        /** By schema, those that hold at the same place because of it; kept where that matters. */
        final Map<Schema, List<Schema>> links = new HashMap<>();
        final Set<Atom.Says> unevaluated = new LinkedHashSet<>();
        /** A schema with enum or const, when one holds. */
        @Nullable
        Schema enumerated;
        boolean dead;

        State(boolean wide) {
            this.wide = wide;
        }

        State copy() {
            State out = new State(wide);
            out.atoms.addAll(atoms);
            out.seen.addAll(seen);
            out.splits.addAll(splits);
            out.late.addAll(late);
            links.forEach((from, to) -> out.links.put(from, new ArrayList<>(to)));
            out.unevaluated.addAll(unevaluated);
            out.enumerated = enumerated;
            return out;
        }
    }

    /** The cases for values of a kind; none when no such value is valid. */
    List<Case> cases(Conjunction all, Kind kind) {
        return cases(all, List.of(), kind, new State(false));
    }

    /** As {@link #cases(Conjunction, Kind)}, but no value is missing: what is held more strictly than it says is left out. */
    List<Case> widely(Conjunction all, List<Atom> known, Kind kind) {
        return cases(all, known, kind, new State(true));
    }

    private List<Case> cases(Conjunction all, List<Atom> known, Kind kind, State state) {
        state.atoms.addAll(known);
        for (Lit lit : all.parts()) {
            assume(lit, kind, state, Way.START);
        }
        LinkedHashSet<Case> out = new LinkedHashSet<>();
        branch(state, kind, out);
        return List.copyOf(out);
    }

    private void branch(State state, Kind kind, LinkedHashSet<Case> out) {
        if (state.dead || Contradictions.plain(state.atoms)) {
            return;
        }
        if (state.enumerated != null) {
            out.add(new Case(List.of(), state.enumerated));
            return;
        }
        budget.spend(10 + state.atoms.size() + 4L * state.splits.size());
        if (state.splits.isEmpty() && state.late.isEmpty()) {
            for (Atom.Says u : state.unevaluated) {
                Unevaluated.atoms(u.schema(), u.keyword(), Unevaluated.holding(u.schema(), state.links), document)
                        .forEach(a -> add(a, state));
            }
            out.add(new Case(List.copyOf(state.atoms), null));
            return;
        }
        Split split;
        if (state.splits.isEmpty()) {
            Late late = state.late.removeFirst();
            split = new Split(oneOf(late.schema, kind, state), late.schema, "oneOf", late.way);
        } else {
            split = state.splits.removeFirst();
        }
        for (Option option : split.options) {
            State next = state.copy();
            apply(option, kind, next, split.way);
            branch(next, kind, out);
            if (out.size() > MAX_CASES) {
                throw split.schema.unholdable(split.keyword,
                        "cannot be held: together with what stands beside it, it makes more than " + MAX_CASES
                                + " combinations");
            }
        }
    }

    private void apply(Option option, Kind kind, State state, Way way) {
        option.atoms.forEach(a -> add(a, state));
        for (Lit lit : option.lits) {
            assume(lit, kind, state, way);
        }
    }

    private static void add(Atom atom, State state) {
        if (!state.atoms.contains(atom)) {
            state.atoms.add(atom);
        }
    }

    private void assume(Lit lit, Kind kind, State state, Way before) {
        if (state.dead || before.holds(lit)) {
            // what holds only because it holds never does
            state.dead = true;
            return;
        }
        if (document.hasUnevaluated() && lit.holds() && before.lit != null && before.lit.holds()) {
            state.links.computeIfAbsent(before.lit.schema(), from -> new ArrayList<>()).add(lit.schema());
        }
        if (!state.seen.add(lit)) {
            return;
        }
        Way way = before.then(lit);
        Schema s = lit.schema();
        if (way.length > MAX_DEPTH) {
            throw s.unholdable(s.has("$ref") ? "$ref" : "allOf",
                    "cannot be held: references lead on for more than " + MAX_DEPTH + " steps");
        }
        budget.spend(2 + s.keys().size());
        if (lit.isFalse()) {
            state.dead = true;
        } else if (lit.isTrue()) {
            return;
        } else if (lit.holds()) {
            for (String keyword : s.keys().keySet()) {
                hold(s, keyword, kind, state, way);
            }
        } else {
            choose(contraries(s, kind), s, s.heldBy(), kind, state, way);
        }
    }

    private void hold(Schema s, String keyword, Kind kind, State state, Way way) {
        switch (keyword) {
            case "type" -> type(s, kind, state);
            case "enum", "const" -> {
                s.values(keyword);
                state.enumerated = state.enumerated == null ? s : state.enumerated;
            }
            case "$ref", "$dynamicRef", "$recursiveRef" -> assume(Lit.of(document.target(s, keyword)), kind, state, way);
            case "allOf" -> s.children(keyword).forEach(c -> assume(Lit.of(c), kind, state, way));
            case "anyOf", "oneOf" -> {
                Schema values = document.constants(s, keyword);
                if (values != null) {
                    assume(Lit.of(values), kind, state, way);
                } else if (keyword.equals("anyOf")) {
                    choose(anyOf(s.children(keyword)), s, keyword, kind, state, way);
                } else {
                    state.late.add(new Late(s, way));
                }
            }
            case "not" -> assume(Lit.not(s.child(keyword)), kind, state, way);
            case "if" -> condition(s, kind, state, way);
            case "dependencies", "dependentRequired", "dependentSchemas" -> {
                if (kind == Kind.OBJECT) {
                    dependencies(s, keyword, kind, state, way);
                }
            }
            case "unevaluatedProperties", "unevaluatedItems" -> {
                if (kind.keywords().contains(keyword) && !s.child(keyword).isTrue() && !state.wide) {
                    state.unevaluated.add(new Atom.Says(s, keyword, true));
                }
            }
            default -> {
                if (kind.keywords().contains(keyword)) {
                    add(new Atom.Says(s, keyword, true), state);
                }
            }
        }
    }

    /** One of the branches, or where it matters some of them. */
    private List<Option> anyOf(List<Schema> branches) {
        List<Option> out = new ArrayList<>();
        if (!document.hasUnevaluated() || branches.size() > MAX_COMBINED) {
            branches.forEach(b -> out.add(Option.lits(Lit.of(b))));
            return out;
        }
        for (int some = 1; some < 1 << branches.size(); some++) {
            List<Lit> lits = new ArrayList<>();
            for (int i = 0; i < branches.size(); i++) {
                if ((some >> i & 1) == 1) {
                    lits.add(Lit.of(branches.get(i)));
                }
            }
            out.add(new Option(lits, List.of()));
        }
        return out;
    }

    private static void type(Schema s, Kind kind, State state) {
        List<String> types = s.types();
        if (kind == Kind.NUMBER && !types.contains("number") && types.contains("integer")) {
            add(new Atom.Says(s, "type", true), state);
        } else if (!types.contains(kind.type())) {
            state.dead = true;
        }
    }

    private void choose(List<Option> options, Schema s, String keyword, Kind kind, State state, Way way) {
        if (options.isEmpty()) {
            state.dead = true;
        } else if (options.size() == 1) {
            apply(options.getFirst(), kind, state, way);
        } else if (document.hasUnevaluated()
                || options.stream().noneMatch(o -> o.atoms.isEmpty() && o.lits.stream().allMatch(Lit::isTrue))) {
            state.splits.add(new Split(options, s, keyword, way));
        }
    }

    /** Each option together with the contraries of those that could hold beside it. */
    private List<Option> oneOf(Schema s, Kind kind, State state) {
        List<Schema> options = s.children("oneOf").stream()
                .filter(o -> !disjointness.isEmpty(List.of(Lit.of(o)), List.of(), kind)).toList();
        boolean[][] apart = new boolean[options.size()][options.size()];
        for (int i = 0; i < options.size(); i++) {
            for (int j = i + 1; j < options.size(); j++) {
                apart[i][j] = disjointness.isEmpty(List.of(Lit.of(options.get(i)), Lit.of(options.get(j))), state.atoms, kind);
                apart[j][i] = apart[i][j];
            }
        }
        List<Option> out = new ArrayList<>();
        for (int i = 0; i < options.size(); i++) {
            List<Lit> lits = new ArrayList<>();
            lits.add(Lit.of(options.get(i)));
            for (int j = 0; j < options.size(); j++) {
                if (i != j && !apart[i][j]) {
                    lits.add(Lit.not(options.get(j)));
                }
            }
            out.add(new Option(lits, List.of()));
        }
        return out;
    }

    private void condition(Schema s, Kind kind, State state, Way way) {
        if (!s.has("then") && !s.has("else") && !document.hasUnevaluated()) {
            return;
        }
        Lit condition = Lit.of(s.child("if"));
        List<Lit> yes = new ArrayList<>(List.of(condition));
        List<Lit> no = new ArrayList<>(List.of(Lit.not(condition.schema())));
        if (s.has("then")) {
            yes.add(Lit.of(s.child("then")));
        }
        if (s.has("else")) {
            no.add(Lit.of(s.child("else")));
        }
        choose(List.of(new Option(no, List.of()), new Option(yes, List.of())), s, "if", kind, state, way);
    }

    private void dependencies(Schema s, String keyword, Kind kind, State state, Way way) {
        boolean names = false;
        for (String trigger : s.memberNames(keyword)) {
            if (s.askedNames(keyword, trigger) != null) {
                names = true;
                continue;
            }
            Schema then = s.member(keyword, trigger);
            choose(List.of(Option.atoms(new Atom.Lacks(trigger)),
                    new Option(List.of(Lit.of(then)), List.of(new Atom.Has(trigger, null, s, keyword)))), s, keyword, kind, state,
                    way);
        }
        if (names) {
            add(new Atom.Says(s, keyword, true), state);
        }
    }

    /** The ways in which a schema can fail for values of a kind; a way that holds of each such value stands alone. */
    private List<Option> contraries(Schema s, Kind kind) {
        List<Option> out = new ArrayList<>();
        for (String keyword : s.keys().keySet()) {
            if (keyword.equals("type")) {
                List<String> types = s.types();
                boolean integer = kind == Kind.NUMBER && !types.contains("number") && types.contains("integer");
                if (integer) {
                    out.add(Option.atoms(new Atom.Says(s, keyword, false)));
                } else if (!types.contains(kind.type())) {
                    return List.of(new Option(List.of(), List.of()));
                }
            } else if (keyword.equals("enum") || keyword.equals("const")) {
                if (s.values(keyword).stream().noneMatch(v -> JsonValues.type(v).equals(kind.type()))) {
                    return List.of(new Option(List.of(), List.of()));
                }
                out.add(Option.atoms(new Atom.Says(s, keyword, false)));
            } else {
                contrary(s, keyword, kind, out);
            }
        }
        return out;
    }

    private void contrary(Schema s, String keyword, Kind kind, List<Option> out) {
        switch (keyword) {
            case "$ref", "$dynamicRef", "$recursiveRef" -> out.add(Option.lits(Lit.not(document.target(s, keyword))));
            case "allOf" -> s.children(keyword).forEach(c -> out.add(Option.lits(Lit.not(c))));
            case "anyOf" -> out.add(new Option(s.children(keyword).stream().map(Lit::not).toList(), List.of()));
            case "oneOf" -> notOneOf(s.children(keyword), out);
            case "not" -> out.add(Option.lits(Lit.of(s.child(keyword))));
            case "if" -> {
                Schema condition = s.child(keyword);
                if (s.has("then")) {
                    out.add(Option.lits(Lit.of(condition), Lit.not(s.child("then"))));
                }
                if (s.has("else")) {
                    out.add(Option.lits(Lit.not(condition), Lit.not(s.child("else"))));
                }
            }
            default -> {
                if (kind.keywords().contains(keyword)) {
                    Contraries.of(s, keyword, out);
                }
            }
        }
    }

    private static void notOneOf(List<Schema> options, List<Option> out) {
        out.add(new Option(options.stream().map(Lit::not).toList(), List.of()));
        for (int i = 0; i < options.size(); i++) {
            for (int j = i + 1; j < options.size(); j++) {
                out.add(Option.lits(Lit.of(options.get(i)), Lit.of(options.get(j))));
            }
        }
    }
}
