package ai.realm.core.sampling.grammar;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.UnaryOperator;

/** Writes arrays of different values out of a few as GBNF: a rule for each set of values that are used already. */
final class UniqueItems {
    static final int MAX_VALUES = 8;

    private final List<String> values;
    private final int min;
    private final int max;
    private final UnaryOperator<String> define;
    private final String[] rests;

    private UniqueItems(List<String> values, int min, int max, UnaryOperator<String> define) {
        this.values = values;
        this.min = min;
        this.max = max;
        this.define = define;
        this.rests = new String[1 << values.size()];
    }

    /**
     * @param literals the values, written
     * @param max negative for no bound
     */
    static String of(List<String> literals, int min, int max, UnaryOperator<String> define) {
        List<String> values = new ArrayList<>(new LinkedHashSet<>(literals));
        if (values.size() > MAX_VALUES) {
            throw SchemaJson.bad("uniqueItems is supported for " + MAX_VALUES + " values, not " + values.size());
        }
        int most = max < 0 ? values.size() : Math.min(max, values.size());
        if (min > most) {
            throw SchemaJson.bad("minItems " + min + " must not exceed the " + most + " different items that there can be");
        }
        UniqueItems u = new UniqueItems(values, min, most, define);
        return "\"[\" space " + u.rest(0) + " space \"]\"";
    }

    /** What may follow when the values of {@code used} have been. */
    private String rest(int used) {
        String known = rests[used];
        if (known != null) {
            return known;
        }
        int count = Integer.bitCount(used);
        List<String> out = new ArrayList<>();
        if (count >= min) {
            out.add("\"\"");
        }
        for (int i = 0; i < values.size() && count < max; i++) {
            if ((used & 1 << i) == 0) {
                out.add((count == 0 ? "" : "\",\" space ") + values.get(i) + " " + rest(used | 1 << i));
            }
        }
        String name = define.apply(String.join(" | ", out));
        rests[used] = name;
        return name;
    }
}
