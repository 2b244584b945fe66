package ai.realm.core.chat.jinja;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template can call. */
final class Functions {
    static final Map<String, PyCallable> ALL = Map.of("range", Functions::range, "namespace", Functions::namespace, "dict",
            Functions::dict, "raise_exception", Functions::raise, "strftime_now", Functions::now, "joiner", Functions::joiner,
            "cycler", Functions::cycler);

    private Functions() {
    }

    private static Object range(Context c, Args args) {
        Object[] a = args.bind("range", 1, "start", "stop", "step");
        long first = number(a[0]);
        if (a[1] == Args.ABSENT) {
            return new PyRange(0, first, 1, c.limits().range());
        }
        return new PyRange(first, number(a[1]), a[2] == Args.ABSENT ? 1 : number(a[2]), c.limits().range());
    }

    private static long number(@Nullable Object v) {
        if (v instanceof Undefined u) {
            throw u.fail();
        }
        if (!Py.isInt(v)) {
            throw JinjaError.runtime("'" + Py.typeName(v) + "' object cannot be interpreted as an integer");
        }
        return Py.toLong(v);
    }

    private static Object namespace(Context c, Args args) {
        Namespace n = new Namespace();
        n.attributes.putAll(entries(c, "namespace", args));
        return n;
    }

    private static Object dict(Context c, Args args) {
        return entries(c, "dict", args);
    }

    private static Map<Object, @Nullable Object> entries(Context c, String function, Args args) {
        Map<Object, @Nullable Object> out = new LinkedHashMap<>();
        if (args.positional().size() > 1) {
            throw JinjaError.runtime(function + " expected at most 1 argument, got " + args.positional().size());
        }
        if (!args.positional().isEmpty()) {
            Object from = args.positional().getFirst();
            if (from instanceof Map<?, ?> m) {
                m.forEach(out::put);
            } else {
                for (Iterator<@Nullable Object> it = Py.iterate(from); it.hasNext();) {
                    List<@Nullable Object> pair = Py.list(c, it.next());
                    if (pair.size() != 2) {
                        throw JinjaError
                                .runtime("dictionary update sequence element has length " + pair.size() + "; 2 is required");
                    }
                    Exprs.Dict.put(out, pair.get(0), pair.get(1));
                }
            }
        }
        out.putAll(args.named());
        c.allocate(out.size());
        return out;
    }

    private static Object raise(Context c, Args args) {
        throw JinjaError.raised(PyRepr.str(c, args.bind("raise_exception", 1, "message")[0]));
    }

    private static Object now(Context c, Args args) {
        return c.made(Strftime.format(c.clock, Py.toStr(args.bind("strftime_now", 1, "format")[0], "strftime() argument 1")));
    }

    /** Nothing when first called, the separator from then on. */
    private static Object joiner(Context c, Args args) {
        Object separator = args.bind("joiner", 0, "sep")[0];
        boolean[] used = new boolean[1];
        return (PyCallable) (inner, none) -> {
            Object value = used[0] ? separator == Args.ABSENT ? ", " : separator : "";
            used[0] = true;
            return value;
        };
    }

    private static Object cycler(Context c, Args args) {
        if (args.positional().isEmpty()) {
            throw JinjaError.runtime("at least one item has to be provided");
        }
        return new Cycler(args.positional());
    }

    /** Gives its items one after the other, for ever. */
    static final class Cycler {
        private final List<@Nullable Object> items;
        private int at;

        Cycler(List<@Nullable Object> items) {
            this.items = items;
        }

        @Nullable
        Object attribute(String name) {
            return switch (name) {
                case "current" -> items.get(at);
                case "next" -> (PyCallable) (c, args) -> {
                    Object value = items.get(at);
                    at = (at + 1) % items.size();
                    return value;
                };
                case "reset" -> (PyCallable) (c, args) -> {
                    at = 0;
                    return null;
                };
                default -> Scope.ABSENT;
            };
        }
    }
}
