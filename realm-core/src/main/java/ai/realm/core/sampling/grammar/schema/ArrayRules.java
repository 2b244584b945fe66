package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.Rules;
import ai.realm.core.sampling.grammar.Symbol;
import ai.realm.core.sampling.grammar.regular.WorkBudget;
import ai.realm.core.sampling.grammar.schema.ArrayShape.Wanted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes the arrays of a case. Where some items have schemas of their own and nothing is said of those after them, none follow. */
final class ArrayRules {
    private static final int MAX_PLACES = 5000;
    private static final int MAX_WANTED = 3;

    private final SchemaCompiler compiler;
    private final Rules rules;
    private final Map<Place, Integer> places = new HashMap<>();
    private final List<Reserved> todo = new ArrayList<>();

    /**
     * Before which item an array stands.
     *
     * @param length items so far, as far as they are counted
     * @param found of each wanted item, how many there have been, as far as that is counted
     */
    private record Place(int length, boolean first, List<Integer> found) {}

    private record Reserved(Place at, int rule) {}

    ArrayRules(SchemaCompiler compiler) {
        this.compiler = compiler;
        this.rules = compiler.rules();
    }

    private int space() {
        return compiler.json().space();
    }

    int of(ArrayShape shape) {
        if (shape.contradictory()) {
            return rules.add("never", List.of());
        }
        int alike = shape.alikeFrom();
        int max = shape.silent() && shape.min() <= alike && (shape.max() < 0 || shape.max() > alike) ? alike : shape.max();
        for (int i = 0; i <= alike; i++) {
            if (compiler.disjointness().isEmpty(conjunction(shape.at(i)))) {
                max = max < 0 ? i : Math.min(max, i);
                break;
            }
        }
        if (max == alike) {
            shape.completeTuple(alike);
        }
        if (max >= 0 && shape.min() > max) {
            return rules.add("never", List.of());
        }
        Schema unique = shape.unique();
        if (unique != null && max != 0 && max != 1) {
            return new UniqueArrays(compiler).of(shape, unique, max);
        }
        return distinct(shape, max);
    }

    /** Arrays whose items need not be compared. */
    int distinct(ArrayShape shape, int max) {
        int alike = shape.alikeFrom();
        if (!shape.wanted().isEmpty()) {
            return counted(shape, max);
        }
        if (alike == 0 && shape.at(0).isEmpty() && shape.min() == 0 && max < 0) {
            return compiler.json().array();
        }
        return plain(shape, alike, max);
    }

    Conjunction conjunction(List<Lit> lits) {
        return Conjunction.of(lits, compiler.document());
    }

    private int item(ArrayShape shape, int index) {
        return compiler.value(conjunction(shape.at(index)));
    }

    /** Items of their own, each but those that must be there with all that follows, then alike ones. */
    private int plain(ArrayShape shape, int alike, int max) {
        int own = max < 0 ? alike : Math.min(alike, max);
        List<List<Symbol>> tail = new ArrayList<>();
        if (max < 0 || max > own) {
            int item = item(shape, own);
            int next = own == 0 ? -1 : rules.add("next", List.of(JsonRules.sequence(",", space(), item)));
            int least = Math.max(0, shape.min() - own);
            int most = max < 0 ? -1 : max - own;
            if (own > 0) {
                tail.add(List.of(Rules.rule(rules.repeat("items", next, least, most))));
            } else {
                if (least == 0) {
                    tail.add(List.of());
                }
                next = rules.add("next", List.of(JsonRules.sequence(",", space(), item)));
                tail.add(JsonRules.sequence(item, rules.repeat("items", next, Math.max(0, least - 1), most < 0 ? -1 : most - 1)));
            }
        } else {
            tail.add(List.of());
        }
        int rest = rules.add("tail", tail);
        for (int i = own - 1; i >= 0; i--) {
            List<List<Symbol>> out = new ArrayList<>();
            out.add(JsonRules.sequence(i == 0 ? "" : ",", i == 0 ? List.of() : Rules.rule(space()), item(shape, i), rest));
            if (i >= shape.min()) {
                out.add(List.of());
            }
            rest = rules.add("tail", out);
        }
        return rules.add("array", List.of(JsonRules.sequence("[", space(), rest, space(), "]")));
    }

    /** Arrays with items that must be somewhere among them. */
    private int counted(ArrayShape shape, int max) {
        Wanted about = shape.wanted().getFirst();
        if (shape.wanted().size() > MAX_WANTED) {
            throw about.schema().unholdable(about.keyword(), "cannot be held: more than " + MAX_WANTED + " of its kind together");
        }
        Place start = new Place(0, true, shape.wanted().stream().map(w -> 0).toList());
        int body = place(start, about);
        while (!todo.isEmpty()) {
            Reserved next = todo.removeLast();
            rules.define(next.rule, alternatives(next.at, shape, max, about));
        }
        return rules.add("array", List.of(JsonRules.sequence("[", space(), body, space(), "]")));
    }

    private int place(Place at, Wanted about) {
        return places.computeIfAbsent(at, p -> {
            if (places.size() > MAX_PLACES) {
                throw about.schema().unholdable(about.keyword(), "cannot be held: it needs more than " + MAX_PLACES
                        + " places in an array");
            }
            int rule = rules.reserve("a");
            todo.add(new Reserved(p, rule));
            return rule;
        });
    }

    private List<List<Symbol>> alternatives(Place at, ArrayShape shape, int max, Wanted about) {
        List<List<Symbol>> out = new ArrayList<>();
        List<Wanted> wanted = shape.wanted();
        boolean enough = at.length >= shape.min();
        for (int i = 0; i < wanted.size(); i++) {
            enough &= at.found.get(i) >= wanted.get(i).min();
        }
        if (enough) {
            out.add(List.of());
        }
        if (max >= 0 && at.length >= max) {
            return out;
        }
        int length = max >= 0 ? at.length + 1 : Math.min(at.length + 1, Math.max(shape.min(), shape.alikeFrom()));
        compiler.languages().budget().spend(20);
        for (int choice = 0; choice < 1 << wanted.size(); choice++) {
            List<Lit> lits = new ArrayList<>(shape.at(at.length));
            List<Integer> found = new ArrayList<>(at.found);
            if (choose(choice, at, wanted, lits, found)) {
                out.add(JsonRules.sequence(at.first ? "" : ",", at.first ? List.of() : Rules.rule(space()),
                        compiler.value(conjunction(lits)), place(new Place(length, false, found), about)));
            }
        }
        return out;
    }

    /** @return whether the next item can count for just those wanted that the bits of {@code choice} say */
    private static boolean choose(int choice, Place at, List<Wanted> wanted, List<Lit> lits, List<Integer> found) {
        for (int i = 0; i < wanted.size(); i++) {
            Wanted w = wanted.get(i);
            boolean counts = (choice >> i & 1) == 1;
            if (counts) {
                int now = found.get(i) + 1;
                if (at.length < w.from() || w.max() >= 0 && now > w.max() || w.max() < 0 && now > w.min()) {
                    return false;
                }
                found.set(i, now);
                lits.add(w.item());
            } else if (w.max() >= 0) {
                lits.add(new Lit(w.item().schema(), !w.item().holds()));
            }
        }
        return true;
    }
}
