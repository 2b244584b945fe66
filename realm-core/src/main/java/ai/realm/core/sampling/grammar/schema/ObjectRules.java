package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.Rules;
import ai.realm.core.sampling.grammar.Symbol;
import ai.realm.core.sampling.grammar.regular.Dfa;
import ai.realm.core.sampling.grammar.regular.WorkBudget;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Writes the objects of a case: the names that it knows in their order, each at most once, then further ones. Further names may
 * come twice; the value of each is what the schema asks for, so whichever a reader takes is valid, and of several that only count
 * together with others, one counts.
 */
final class ObjectRules {
    private static final int MAX_NAMES = 1500;
    private static final int MAX_PLACES = 20_000;
    private static final int MAX_CLASSES = 64;

    private final SchemaCompiler compiler;
    private final Rules rules;
    private final List<String> names = new ArrayList<>();
    private final List<List<Symbol>> pairs = new ArrayList<>();
    private final Map<Place, Integer> places = new HashMap<>();
    private final List<Reserved> todo = new ArrayList<>();
    private List<Integer> further = List.of();
    private final Set<String> required = new HashSet<>();
    private final Map<String, Set<String>> asks = new HashMap<>();
    /** By name, the schemas that it exceeds. */
    private final Map<String, Set<Schema>> exceeds = new HashMap<>();
    private Set<Schema> exceed = Set.of();
    private int min;
    private int max;

    /**
     * Before which name an object stands.
     *
     * @param first whether nothing has been written
     * @param count properties so far, where they are counted
     * @param must names to come that those written ask for
     * @param mustNot names to come that ask for one that was left out
     * @param exceed schemas that name all that was written, and must not name all of the object
     */
    private record Place(int index, boolean first, int count, Set<String> must, Set<String> mustNot, Set<Schema> exceed) {}

    private record Reserved(Place at, int rule) {}

    ObjectRules(SchemaCompiler compiler) {
        this.compiler = compiler;
        this.rules = compiler.rules();
    }

    int of(ObjectShape shape) {
        if (shape.contradictory()) {
            return rules.add("never", List.of());
        }
        if (shape.members().isEmpty() && shape.names().isEmpty() && shape.nameSchemas().isEmpty() && shape.min() == 0
                && shape.max() < 0 && shape.exceeded().isEmpty()) {
            return compiler.json().object();
        }
        min = shape.min();
        max = shape.max();
        required.addAll(shape.required());
        for (String name : shape.names()) {
            if ((shape.declares(name) || !shape.silent()) && !shape.lacks(name) && shape.allowsName(name)) {
                Conjunction value = shape.valueOf(name);
                if (!value.isFalse()) {
                    names.add(name);
                    pairs.add(JsonRules.sequence(ObjectShape.written(name), space(), ":", space(), compiler.value(value)));
                }
            }
        }
        if (!names.containsAll(required)) {
            return rules.add("never", List.of());
        }
        shape.dependencies().forEach(d -> d.names().forEach(n -> {
            if (names.contains(d.trigger()) && !d.trigger().equals(n)) {
                asks.computeIfAbsent(d.trigger(), t -> new HashSet<>()).add(n);
            }
        }));
        dropNamesThatAskForNone();
        exceed = Set.copyOf(shape.exceeded());
        for (String name : names) {
            exceeds.put(name, exceed.stream().filter(s -> shape.surelyFurther(s, name)).collect(Collectors.toSet()));
        }
        further(shape);
        for (Schema s : exceed) {
            if (!further.isEmpty() && exceeds.values().stream().noneMatch(all -> all.contains(s))) {
                throw s.unholdable("additionalProperties", "cannot be held where it must fail and no further name is known");
            }
        }
        checkSize(shape);
        return write();
    }

    private int space() {
        return compiler.json().space();
    }

    private void dropNamesThatAskForNone() {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int i = names.size() - 1; i >= 0; i--) {
                if (!names.containsAll(asks.getOrDefault(names.get(i), Set.of()))) {
                    names.remove(i);
                    pairs.remove(i);
                    changed = true;
                }
            }
        }
    }

    private void checkSize(ObjectShape shape) {
        if (names.size() > MAX_NAMES) {
            throw about(shape, "properties").unholdable("properties",
                    "cannot be held: more than " + MAX_NAMES + " properties in one object");
        }
        int certain = (int) names.stream().filter(required::contains).count();
        if (min <= certain) {
            min = 0;
        }
        if (min > names.size() + (further.isEmpty() ? 0 : 1)) {
            throw about(shape, "minProperties").unholdable("minProperties",
                    "cannot be held: properties without a name of their own may be written twice");
        }
        if (further.isEmpty() && max >= names.size()) {
            max = -1;
        }
    }

    private Schema about(ObjectShape shape, String keyword) {
        return shape.said().stream().filter(s -> s.has(keyword)).findFirst().orElseGet(() -> compiler.document().root());
    }

    /** A rule of pairs for each class of names that the same patterns match. */
    private void further(ObjectShape shape) {
        List<Integer> open = new ArrayList<>();
        List<Integer> matched = new ArrayList<>();
        WorkBudget budget = compiler.languages().budget();
        Dfa all = Dfa.ANY.minus(Dfa.ofTexts(shape.names().stream().toList()), budget);
        for (Schema s : shape.nameSchemas()) {
            all = all.intersection(nameLanguage(s), budget);
        }
        List<NameClass> classes = classes(shape, all);
        for (NameClass c : classes) {
            Conjunction value = Conjunction.of(c.values, compiler.document());
            if (!value.isFalse()) {
                int name = compiler.strings().of(c.names, compiler.languages());
                (c.patterns ? matched : open).add(rules.add("pair",
                        List.of(JsonRules.sequence(name, space(), ":", space(), compiler.value(value)))));
            }
        }
        further = new ArrayList<>(matched);
        boolean needed = min > names.size() && matched.isEmpty() || shape.silent() && names.isEmpty() && matched.isEmpty();
        if (!shape.silent() || needed) {
            further.addAll(open);
        }
    }

    private record NameClass(Dfa names, boolean patterns, List<Lit> values) {}

    private List<NameClass> classes(ObjectShape shape, Dfa all) {
        WorkBudget budget = compiler.languages().budget();
        List<NameClass> classes = new ArrayList<>();
        classes.add(new NameClass(all, false, List.of()));
        for (Schema s : shape.members()) {
            List<NameClass> split = new ArrayList<>();
            for (NameClass c : classes) {
                List<NameClass> own = new ArrayList<>();
                own.add(new NameClass(c.names, false, c.values));
                for (Map.Entry<String, Schema> p : s.named("patternProperties").entrySet()) {
                    Dfa pattern = compiler.languages().pattern(s, "patternProperties", p.getKey());
                    Dfa wide = compiler.languages().widePattern(s, "patternProperties", p.getKey());
                    List<NameClass> next = new ArrayList<>();
                    for (NameClass o : own) {
                        List<Lit> values = new ArrayList<>(o.values);
                        values.add(Lit.of(p.getValue()));
                        addUnlessEmpty(new NameClass(o.names.intersection(pattern, budget), true, values), next);
                        addUnlessEmpty(new NameClass(o.names.minus(wide, budget), o.patterns, o.values), next);
                    }
                    own = next;
                    if (own.size() > MAX_CLASSES) {
                        throw s.unholdable("patternProperties", "cannot be held: its patterns overlap in more than "
                                + MAX_CLASSES + " ways");
                    }
                }
                for (NameClass o : own) {
                    List<Lit> values = new ArrayList<>(o.values);
                    if (!o.patterns && s.has("additionalProperties")) {
                        values.add(Lit.of(s.child("additionalProperties")));
                    }
                    split.add(new NameClass(o.names, o.patterns || c.patterns, values));
                }
            }
            classes = split;
        }
        return classes;
    }

    private static void addUnlessEmpty(NameClass c, List<NameClass> out) {
        if (!c.names.isEmpty()) {
            out.add(c);
        }
    }

    /** The names that a schema of names allows. */
    private Dfa nameLanguage(Schema s) {
        Languages languages = compiler.languages();
        Conjunction all = Conjunction.of(List.of(Lit.of(s)), compiler.document());
        Dfa out = Dfa.NONE;
        for (Solver.Case c : compiler.disjointness().solver().cases(all, Kind.STRING)) {
            if (c.first() != null) {
                List<String> texts = new ArrayList<>();
                for (Object v : c.first().values(c.first().has("enum") ? "enum" : "const")) {
                    if (v instanceof String text
                            && Evaluation.holds(text, all.parts(), compiler.document(), languages)) {
                        texts.add(text);
                    }
                }
                out = out.union(Dfa.ofTexts(texts), languages.budget());
            } else {
                out = out.union(StringLanguage.names(c, languages), languages.budget());
            }
        }
        return out;
    }

    private int write() {
        Place start = new Place(0, true, 0, Set.of(), Set.of(), exceed);
        int body = place(start);
        while (!todo.isEmpty()) {
            Reserved next = todo.removeLast();
            rules.define(next.rule, alternatives(next.at));
        }
        return rules.add("object", List.of(JsonRules.sequence("{", space(), body, "}")));
    }

    private int place(Place at) {
        return places.computeIfAbsent(at, p -> {
            if (places.size() > MAX_PLACES) {
                throw new WorkBudget.ExceededException();
            }
            compiler.languages().budget().spend(20);
            int rule = rules.reserve("o");
            todo.add(new Reserved(p, rule));
            return rule;
        });
    }

    private List<List<Symbol>> alternatives(Place at) {
        List<List<Symbol>> out = new ArrayList<>();
        if (at.index == names.size()) {
            end(at, out);
            return out;
        }
        String name = names.get(at.index);
        boolean full = max >= 0 && at.count >= max;
        if (!at.mustNot.contains(name) && !full) {
            out.add(JsonRules.sequence(at.first ? "" : ",", at.first ? List.of() : Rules.rule(space()), pairs.get(at.index),
                    place(after(at, name))));
        }
        if (!required.contains(name) && !at.must.contains(name)) {
            out.add(List.of(Rules.rule(place(without(at, name)))));
        }
        return out;
    }

    private Place after(Place at, String name) {
        Set<String> must = new HashSet<>(at.must);
        must.remove(name);
        Set<String> mustNot = new HashSet<>(at.mustNot);
        for (String asked : asks.getOrDefault(name, Set.of())) {
            if (names.indexOf(asked) > at.index) {
                must.add(asked);
            }
        }
        mustNot.remove(name);
        Set<Schema> stillToExceed = new HashSet<>(at.exceed);
        stillToExceed.removeAll(exceeds.getOrDefault(name, Set.of()));
        return new Place(at.index + 1, false, counted(at.count + 1), must, mustNot, stillToExceed);
    }

    private Place without(Place at, String name) {
        Set<String> mustNot = new HashSet<>(at.mustNot);
        mustNot.remove(name);
        asks.forEach((trigger, asked) -> {
            if (asked.contains(name) && names.indexOf(trigger) > at.index) {
                mustNot.add(trigger);
            }
        });
        return new Place(at.index + 1, at.first, at.count, at.must, mustNot, at.exceed);
    }

    private int counted(int count) {
        return max >= 0 ? count : Math.min(count, min);
    }

    /** Further pairs and the end. Of further pairs only one counts towards the least number, since their names may be equal. */
    private void end(Place at, List<List<Symbol>> out) {
        if (!at.exceed.isEmpty()) {
            // a further name could do as well, but the schemas may name it by a pattern
            return;
        }
        int missing = min - at.count;
        int left = max < 0 ? -1 : max - at.count;
        if (missing <= 0) {
            out.add(List.of(Rules.rule(space())));
        }
        if (further.isEmpty() || missing > 1 || left == 0) {
            return;
        }
        List<List<Symbol>> any = new ArrayList<>();
        further.forEach(f -> any.add(List.of(Rules.rule(f))));
        int pair = further.size() == 1 ? further.getFirst() : rules.add("further", any);
        int more = rules.add("next", List.of(JsonRules.sequence(",", space(), pair)));
        out.add(JsonRules.sequence(at.first ? "" : ",", at.first ? List.of() : Rules.rule(space()), pair,
                rules.repeat("more", more, 0, left < 0 ? -1 : left - 1), space()));
    }
}
