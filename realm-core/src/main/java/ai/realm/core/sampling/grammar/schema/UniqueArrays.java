package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.Rules;
import ai.realm.core.sampling.grammar.Symbol;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes arrays whose items differ: out of a few values in any order, out of more in the order that the schema names them in, or
 * where the schemas of the items have nothing in common.
 */
final class UniqueArrays {
    private static final int ANY_ORDER = 8;
    private static final int MAX_VALUES = 400;
    private static final String REFUSED = "cannot be held: it is for items that are one of at most " + MAX_VALUES
            + " values, or whose schemas have nothing in common";

    private final SchemaCompiler compiler;
    private final Rules rules;

    UniqueArrays(SchemaCompiler compiler) {
        this.compiler = compiler;
        this.rules = compiler.rules();
    }

    /** @param max negative for no bound */
    int of(ArrayShape shape, Schema unique, int max) {
        int alike = shape.alikeFrom();
        if (alike > 0 || !shape.wanted().isEmpty()) {
            return apart(shape, unique, max);
        }
        List<@Nullable Object> values = values(Conjunction.of(shape.at(0), compiler.document()), unique);
        int most = max < 0 ? values.size() : Math.min(max, values.size());
        int body = values.size() <= ANY_ORDER ? anyOrder(values, shape.min(), most) : inOrder(values, shape.min(), most, unique);
        return rules.add("array", List.of(JsonRules.sequence("[", space(), body, space(), "]")));
    }

    private int space() {
        return compiler.json().space();
    }

    /** The values that an item can have, each once. */
    private List<@Nullable Object> values(Conjunction item, Schema unique) {
        Map<Object, @Nullable Object> out = new LinkedHashMap<>();
        for (Kind kind : Kind.values()) {
            if (kind == Kind.NULL || kind == Kind.BOOLEAN) {
                List<@Nullable Object> all = new ArrayList<>();
                if (kind == Kind.NULL) {
                    all.add(null);
                } else {
                    all.add(true);
                    all.add(false);
                }
                add(all, kind, item, out);
                continue;
            }
            for (Solver.Case c : compiler.disjointness().solver().cases(item, kind)) {
                if (c.first() == null) {
                    throw unique.unholdable("uniqueItems", REFUSED);
                }
                add(c.first().values(c.first().has("enum") ? "enum" : "const"), kind, item, out);
            }
        }
        if (out.size() > MAX_VALUES) {
            throw unique.unholdable("uniqueItems", REFUSED);
        }
        return new ArrayList<>(out.values());
    }

    private void add(List<@Nullable Object> values, Kind kind, Conjunction item, Map<Object, @Nullable Object> out) {
        for (Object value : values) {
            if (JsonValues.type(value).equals(kind.type())
                    && Evaluation.holds(value, item.parts(), compiler.document(), compiler.languages())) {
                out.putIfAbsent(JsonValues.key(value), value);
            }
        }
    }

    private int anyOrder(List<@Nullable Object> values, int min, int max) {
        int[] places = new int[1 << values.size()];
        for (int used = places.length - 1; used >= 0; used--) {
            int count = Integer.bitCount(used);
            List<List<Symbol>> out = new ArrayList<>();
            if (count >= min) {
                out.add(List.of());
            }
            for (int i = 0; i < values.size() && count < max; i++) {
                if ((used & 1 << i) == 0) {
                    out.add(next(count == 0, values.get(i), places[used | 1 << i]));
                }
            }
            places[used] = rules.add("u", out);
        }
        return places[0];
    }

    private List<Symbol> next(boolean first, @Nullable Object value, int rest) {
        return JsonRules.sequence(first ? "" : ",", first ? List.of() : Rules.rule(space()), compiler.json().constant(value),
                rest);
    }

    /** Any of the values in their order: a place for each value and number of items so far. */
    private int inOrder(List<@Nullable Object> values, int min, int max, Schema unique) {
        int counted = max >= values.size() ? min : max;
        if ((long) (counted + 1) * values.size() > 20_000) {
            throw unique.unholdable("uniqueItems", "cannot be held: too many values for this many items");
        }
        int[] after = new int[counted + 2];
        for (int count = 0; count <= counted; count++) {
            after[count] = rules.add("u", count >= min ? List.of(List.of()) : List.of());
        }
        int[] afterFirst = after.clone();
        for (int i = values.size() - 1; i >= 0; i--) {
            int[] here = new int[counted + 2];
            for (int count = 0; count <= counted; count++) {
                List<List<Symbol>> out = new ArrayList<>();
                out.add(List.of(Rules.rule(after[count])));
                boolean full = max < values.size() && count == max;
                if (!full) {
                    out.add(next(false, values.get(i), after[Math.min(count + 1, counted)]));
                }
                here[count] = rules.add("u", out);
            }
            List<List<Symbol>> first = new ArrayList<>();
            first.add(List.of(Rules.rule(afterFirst[0])));
            if (max > 0) {
                first.add(next(true, values.get(i), after[Math.min(1, counted)]));
            }
            int[] hereFirst = afterFirst.clone();
            hereFirst[0] = rules.add("u", first);
            after = here;
            afterFirst = hereFirst;
        }
        return afterFirst[0];
    }

    /** Items with schemas of their own that have no value in common. */
    private int apart(ArrayShape shape, Schema unique, int max) {
        if (max < 0 || max > 20) {
            throw unique.unholdable("uniqueItems", REFUSED);
        }
        for (int i = 0; i < max; i++) {
            for (int j = i + 1; j < max; j++) {
                List<Lit> both = new ArrayList<>(shape.at(i));
                both.addAll(shape.at(j));
                if (!compiler.disjointness().isEmpty(Conjunction.of(both, compiler.document()))) {
                    throw unique.unholdable("uniqueItems", REFUSED);
                }
            }
        }
        return new ArrayRules(compiler).distinct(shape, max);
    }
}
