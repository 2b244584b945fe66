package ai.realm.core.chat.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The tests, as in {@code x is defined}. */
final class Tests {
    /** A test of a value. */
    interface Test {
        boolean holds(Context c, @Nullable Object value, Args args);
    }

    /** A test without arguments. */
    private interface Plain {
        boolean holds(@Nullable Object value);
    }

    static final Map<String, Test> ALL = all();

    private Tests() {
    }

    private static Map<String, Test> all() {
        Map<String, Test> t = new HashMap<>();
        plain(t, "defined", v -> !(v instanceof Undefined));
        plain(t, "undefined", v -> v instanceof Undefined);
        plain(t, "none", Objects::isNull);
        plain(t, "boolean", v -> v instanceof Boolean);
        plain(t, "true", v -> v instanceof Boolean b && b);
        plain(t, "false", v -> v instanceof Boolean b && !b);
        plain(t, "integer", v -> v instanceof Long);
        plain(t, "float", v -> v instanceof Double);
        plain(t, "number", Py::isNumber);
        plain(t, "string", v -> v instanceof String);
        plain(t, "mapping", v -> v instanceof Map<?, ?>);
        plain(t, "iterable", Py::isIterable);
        plain(t, "sequence",
                v -> v instanceof String || v instanceof List<?> || v instanceof Map<?, ?> || v instanceof Undefined);
        plain(t, "callable", v -> v instanceof PyCallable || v instanceof Undefined);
        t.put("lower", (c, v, args) -> Py.truth(PyStringMethods.call(c, PyRepr.str(c, v), "islower", args)));
        t.put("upper", (c, v, args) -> Py.truth(PyStringMethods.call(c, PyRepr.str(c, v), "isupper", args)));
        t.put("odd", (c, v, args) -> remainder(c, v, args) == 1);
        t.put("even", (c, v, args) -> remainder(c, v, args) == 0);
        t.put("divisibleby", (c, v, args) -> Py.eq(c, PyOps.binary(c, "%", v, args.bind("divisibleby", 1, "num")[0]), 0L));
        t.put("filter", (c, v, args) -> Filters.ALL.containsKey(v));
        t.put("test", (c, v, args) -> Tests.ALL.containsKey(v));
        t.put("sameas", (c, v, args) -> same(v, args.bind("sameas", 1, "other")[0]));
        for (String[] names : new String[][]{{"==", "eq", "equalto"}, {"!=", "ne"}, {"<", "lt", "lessthan"}, {"<=", "le"},
                {">", "gt", "greaterthan"}, {">=", "ge"}, {"in", "in"}}) {
            for (String name : names) {
                t.put(name, (c, v, args) -> Exprs.Compare.holds(c, names[0], v, args.bind(name, 1, "other")[0]));
            }
        }
        t.replaceAll((name, test) -> (c, v, args) -> test.holds(c, Markup.plain(v), args.plain()));
        t.put("escaped", (c, v, args) -> v instanceof Markup);
        return t;
    }

    private static void plain(Map<String, Test> all, String name, Plain test) {
        all.put(name, (c, v, args) -> {
            args.bind(name, 0);
            return test.holds(v);
        });
    }

    private static double remainder(Context c, @Nullable Object v, Args args) {
        args.bind("a test", 0);
        return Py.toDouble(PyOps.binary(c, "%", v, 2L));
    }

    /** Python's identity, which for small values is equality within one type. */
    private static boolean same(@Nullable Object a, @Nullable Object b) {
        return a == b || (a instanceof Long || a instanceof String || a instanceof Boolean) && a.equals(b);
    }
}
