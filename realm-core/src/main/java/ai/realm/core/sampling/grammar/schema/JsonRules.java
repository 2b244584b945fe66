package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.Rules;
import ai.realm.core.sampling.grammar.Symbol;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rules of JSON itself: any value of each kind, and white space between tokens. Made when first asked for. */
final class JsonRules {
    private final Rules rules;
    private final StringRules strings;
    private int space = -1;
    private int value = -1;
    private int object = -1;
    private int array = -1;
    private int number = -1;
    private int integer = -1;

    JsonRules(Rules rules, StringRules strings) {
        this.rules = rules;
        this.strings = strings;
    }

    static List<Symbol> sequence(Object... parts) {
        List<Symbol> out = new ArrayList<>();
        for (Object part : parts) {
            switch (part) {
                case String text -> out.addAll(Rules.literal(text));
                case Integer rule -> out.add(Rules.rule(rule));
                case Symbol symbol -> out.add(symbol);
                case List<?> symbols -> symbols.forEach(s -> out.add((Symbol) s));
                default -> throw new IllegalArgumentException(String.valueOf(part));
            }
        }
        return out;
    }

    /** Nothing, a space, or a line's end or two with an indentation: little to choose between, and what models write. */
    int space() {
        if (space < 0) {
            int blank = rules.add("blank", List.of(List.of(Rules.chars(' ', ' ', '\t', '\t'))));
            int blanks = rules.repeat("indentation", blank, 0, 20);
            space = rules.add("space", List.of(List.of(), sequence(" "), sequence("\n", blanks), sequence("\n\n", blanks)));
        }
        return space;
    }

    int value() {
        if (value < 0) {
            value = rules.reserve("value");
            rules.define(value, List.of(sequence(object()), sequence(array()), sequence(strings.any()), sequence(number()),
                    sequence("true"), sequence("false"), sequence("null")));
        }
        return value;
    }

    int object() {
        if (object < 0) {
            object = rules.reserve("object");
            int pair = rules.add("pair", List.of(sequence(strings.any(), space(), ":", space(), value())));
            int more = rules.star("pairs", sequence(",", space(), pair));
            rules.define(object,
                    List.of(sequence("{", space(), "}"), sequence("{", space(), pair, more, space(), "}")));
        }
        return object;
    }

    int array() {
        if (array < 0) {
            array = rules.reserve("array");
            int more = rules.star("items", sequence(",", space(), value()));
            rules.define(array,
                    List.of(sequence("[", space(), "]"), sequence("[", space(), value(), more, space(), "]")));
        }
        return array;
    }

    private int integral() {
        int digit = rules.add("digit", List.of(List.of(Rules.chars('0', '9'))));
        return rules.add("integral",
                List.of(sequence("0"), sequence(Rules.chars('1', '9'), rules.repeat("digits", digit, 0, 15))));
    }

    int integer() {
        if (integer < 0) {
            int integral = integral();
            integer = rules.add("integer", List.of(sequence(integral), sequence("-", integral)));
        }
        return integer;
    }

    int number() {
        if (number < 0) {
            int digit = rules.add("digit", List.of(List.of(Rules.chars('0', '9'))));
            int fraction = rules.add("fraction", List.of(List.of(), sequence(".", rules.repeat("digits", digit, 1, 16))));
            int sign = rules.add("sign", List.of(List.of(), List.of(Rules.chars('+', '+', '-', '-'))));
            int power = rules.add("power", List.of(List.of(),
                    sequence(Rules.chars('E', 'E', 'e', 'e'), sign, rules.repeat("digits", digit, 1, 2))));
            number = rules.add("number", List.of(sequence(integer(), fraction, power)));
        }
        return number;
    }

    /** A value as it is written, with white space between its tokens. */
    List<Symbol> constant(@Nullable Object json) {
        List<Symbol> out = new ArrayList<>();
        constant(json, out);
        return out;
    }

    private void constant(@Nullable Object json, List<Symbol> out) {
        switch (json) {
            case Map<?, ?> m -> {
                String separator = "{";
                for (Map.Entry<?, ?> e : m.entrySet()) {
                    out.addAll(sequence(separator, space(), SchemaJson.write(e.getKey()), space(), ":", space()));
                    constant(e.getValue(), out);
                    separator = ",";
                }
                out.addAll(sequence(m.isEmpty() ? "{" : "", space(), "}"));
            }
            case List<?> l -> {
                String separator = "[";
                for (Object item : l) {
                    out.addAll(sequence(separator, space()));
                    constant(item, out);
                    separator = ",";
                }
                out.addAll(sequence(l.isEmpty() ? "[" : "", space(), "]"));
            }
            case null, default -> out.addAll(sequence(SchemaJson.write(json)));
        }
    }
}
