package ai.realm.core.sampling.grammar.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The arrays of one case: what holds of the item at each index, how many there are, and which must be somewhere among them. */
final class ArrayShape {
    /**
     * Items that must be there, from an index on.
     *
     * @param max negative for no bound; then items may fulfil it without being counted
     */
    record Wanted(Lit item, int from, int min, int max, Schema schema, String keyword) {}

    private final Set<Schema> layouts = new LinkedHashSet<>();
    private final Map<Integer, List<Lit>> more = new LinkedHashMap<>();
    private final List<Wanted> wanted = new ArrayList<>();
    private int min;
    private int max = -1;
    private boolean never;
    private boolean sized;
    private @Nullable Schema unique;

    private ArrayShape() {
    }

    static ArrayShape of(List<Atom> atoms) {
        ArrayShape out = new ArrayShape();
        for (Atom atom : atoms) {
            switch (atom) {
                case Atom.Says says when says.holds() -> out.says(says.schema(), says.keyword());
                case Atom.Says says -> out.contrary(says.schema(), says.keyword());
                case Atom.ItemAt at -> {
                    out.min = Math.max(out.min, at.index() + 1);
                    out.more.computeIfAbsent(at.index(), i -> new ArrayList<>()).add(at.value());
                }
                case Atom.SomeItem some -> {
                    out.min = Math.max(out.min, some.from() + 1);
                    out.wanted.add(new Wanted(some.value(), some.from(), 1, -1, some.schema(), some.keyword()));
                }
                case Atom.Has h -> throw new IllegalStateException();
                case Atom.Lacks l -> throw new IllegalStateException();
            }
        }
        return out;
    }

    private void atMost(int count) {
        never |= count < 0;
        max = max < 0 ? count : Math.min(max, count);
    }

    private void says(Schema s, String keyword) {
        switch (keyword) {
            case "items", "prefixItems", "additionalItems" -> layouts.add(s);
            case "minItems" -> {
                sized = true;
                min = Math.max(min, s.count(keyword, 0));
            }
            case "maxItems" -> {
                sized = true;
                atMost(s.count(keyword, 0));
            }
            case "uniqueItems" -> {
                if (Boolean.TRUE.equals(s.get(keyword))) {
                    unique = s;
                }
            }
            case "contains" -> {
                int least = s.count("minContains", 1);
                int most = s.count("maxContains", -1);
                if (least > 0 || most >= 0) {
                    never |= most >= 0 && most < least;
                    min = Math.max(min, least);
                    wanted.add(new Wanted(Lit.of(s.child(keyword)), 0, least, most, s, keyword));
                }
            }
            default -> throw new IllegalStateException(keyword);
        }
    }

    private void contrary(Schema s, String keyword) {
        switch (keyword) {
            case "minItems" -> atMost(s.count(keyword, 0) - 1);
            case "maxItems" -> min = Math.max(min, s.count(keyword, 0) + 1);
            case "contains" -> {
                if (s.has("maxContains") || s.count("minContains", 1) != 1) {
                    throw s.unholdable(keyword, "cannot be held where it must fail, beside minContains or maxContains");
                }
                wanted.add(new Wanted(Lit.of(s.child(keyword)), 0, 0, 0, s, keyword));
            }
            case "enum", "const" -> {
                for (Object value : s.values(keyword)) {
                    if (value instanceof List<?> l) {
                        if (!l.isEmpty()) {
                            throw s.unholdable(keyword, "cannot be held: an array with items cannot be left out");
                        }
                        min = Math.max(min, 1);
                    }
                }
            }
            default -> throw s.unholdable(keyword, "cannot be held where it must fail");
        }
    }

    int min() {
        return min;
    }

    /** Negative for no bound. */
    int max() {
        return never ? 0 : max;
    }

    boolean contradictory() {
        return never || max >= 0 && min > max;
    }

    /** A tuple of which nothing says how long it is has all its items. */
    void completeTuple(int items) {
        if (silent() && !sized && wanted.isEmpty()) {
            min = Math.max(min, items);
        }
    }

    @Nullable
    Schema unique() {
        return unique;
    }

    List<Wanted> wanted() {
        return wanted;
    }

    /** From this index on all items are alike. */
    int alikeFrom() {
        int out = 0;
        for (Schema s : layouts) {
            out = Math.max(out, ItemLayout.prefixLength(s));
        }
        for (int index : more.keySet()) {
            out = Math.max(out, index + 1);
        }
        for (Wanted w : wanted) {
            out = Math.max(out, w.from());
        }
        return out;
    }

    /** Whether some items have schemas of their own and nothing is said of those after them. */
    boolean silent() {
        return layouts.stream().anyMatch(s -> ItemLayout.prefixLength(s) > 0)
                && layouts.stream().allMatch(s -> ItemLayout.rest(s) == null);
    }

    /** What holds of the item at an index. */
    List<Lit> at(int index) {
        List<Lit> out = new ArrayList<>(more.getOrDefault(index, List.of()));
        for (Schema s : layouts) {
            Schema item = ItemLayout.at(s, index);
            if (item != null) {
                out.add(Lit.of(item));
            }
        }
        return out;
    }
}
