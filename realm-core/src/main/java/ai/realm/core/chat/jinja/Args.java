package ai.realm.core.chat.jinja;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of a call: by position, then by name. */
record Args(List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
    /** Stands for an argument that was not given, as null is Python's None. */
    static final Object ABSENT = Scope.ABSENT;
    static final Args NONE = new Args(List.of(), Map.of());

    /** The arguments in the order of the parameters, {@link #ABSENT} where one was not given. */
    @Nullable
    Object[] bind(String function, int required, String... parameters) {
        if (positional.size() > parameters.length) {
            throw JinjaError.runtime(function + "() takes at most " + parameters.length + " argument(s), not "
                    + positional.size());
        }
        @Nullable
        Object[] out = new @Nullable Object[parameters.length];
        Arrays.fill(out, ABSENT);
        for (int i = 0; i < positional.size(); i++) {
            out[i] = positional.get(i);
        }
        named.forEach((name, value) -> {
            int i = Arrays.asList(parameters).indexOf(name);
            if (i < 0) {
                throw JinjaError.runtime(function + "() got an unexpected keyword argument '" + name + "'");
            }
            if (i < positional.size()) {
                throw JinjaError.runtime(function + "() got multiple values for argument '" + name + "'");
            }
            out[i] = value;
        });
        for (int i = 0; i < required; i++) {
            if (out[i] == ABSENT) {
                throw JinjaError.runtime(function + "() is missing the argument '" + parameters[i] + "'");
            }
        }
        return out;
    }

    /** Without marks on strings. */
    Args plain() {
        for (Object v : positional) {
            if (v instanceof Markup) {
                return new Args(positional.stream().<@Nullable Object>map(Markup::plain).toList(), named);
            }
        }
        return this;
    }

    /** Without the first positional ones. */
    Args from(int index) {
        return new Args(positional.subList(Math.min(index, positional.size()), positional.size()), named);
    }

    Args with(String name, @Nullable Object value) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>(named);
        all.put(name, value);
        return new Args(positional, all);
    }
}
