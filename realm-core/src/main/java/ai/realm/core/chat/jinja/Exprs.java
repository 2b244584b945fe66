package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The kinds of expressions. */
final class Exprs {
    private Exprs() {
    }

    record Const(@Nullable Object value) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            return value;
        }
    }

    record Name(String name) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            return c.lookup(name);
        }
    }

    /** A list or a tuple written out. */
    record Sequence(List<Expr> items, boolean tuple) implements Expr {
        @Override
        public Object eval(Context c) {
            List<@Nullable Object> out = new ArrayList<>(items.size());
            for (Expr item : items) {
                out.add(c.eval(item));
            }
            c.allocate(out.size());
            return tuple ? PyTuple.of(out) : out;
        }
    }

    record Dict(List<Expr> keys, List<Expr> values) implements Expr {
        @Override
        public Object eval(Context c) {
            Map<Object, @Nullable Object> out = new LinkedHashMap<>();
            for (int i = 0; i < keys.size(); i++) {
                put(out, c.eval(keys.get(i)), c.eval(values.get(i)));
            }
            c.allocate(out.size());
            return out;
        }

        /** Sets a value under its key, or under an equal key that is already there. */
        static void put(Map<Object, @Nullable Object> map, @Nullable Object key, @Nullable Object value) {
            Object wanted = Py.hashKey(key);
            if (key instanceof Markup m) {
                map.put(m.text(), value);
                return;
            }
            if (!(key instanceof String)) {
                for (Map.Entry<Object, @Nullable Object> e : map.entrySet()) {
                    if (wanted.equals(Py.hashKey(e.getKey()))) {
                        e.setValue(value);
                        return;
                    }
                }
            }
            map.put(key, value);
        }
    }

    record Attribute(Expr object, String name) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            return PyAccess.attribute(c, c.eval(object), name);
        }
    }

    record Item(Expr object, Expr key) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            return PyAccess.item(c, c.eval(object), c.eval(key));
        }
    }

    record Slice(Expr object, @Nullable Expr from, @Nullable Expr to, @Nullable Expr step) implements Expr {
        @Override
        public Object eval(Context c) {
            return PyAccess.slice(c, c.eval(object), bound(c, from), bound(c, to), bound(c, step));
        }

        private static @Nullable Object bound(Context c, @Nullable Expr e) {
            return e == null ? null : c.eval(e);
        }
    }

    record Negate(Expr value) implements Expr {
        @Override
        public Object eval(Context c) {
            return PyOps.negate(c.eval(value));
        }
    }

    record Plus(Expr value) implements Expr {
        @Override
        public Object eval(Context c) {
            return PyOps.plus(c.eval(value));
        }
    }

    record Not(Expr value) implements Expr {
        @Override
        public Object eval(Context c) {
            return !Py.truth(c.eval(value));
        }
    }

    record And(Expr left, Expr right) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            Object value = c.eval(left);
            return Py.truth(value) ? c.eval(right) : value;
        }
    }

    record Or(Expr left, Expr right) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            Object value = c.eval(left);
            return Py.truth(value) ? value : c.eval(right);
        }
    }

    record Binary(String operator, Expr left, Expr right) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            return PyOps.binary(c, operator, c.eval(left), c.eval(right));
        }
    }

    /** The tilde: everything as text. */
    record Concat(List<Expr> parts) implements Expr {
        @Override
        public Object eval(Context c) {
            StringBuilder out = new StringBuilder();
            for (Expr part : parts) {
                out.append(PyRepr.str(c, c.eval(part)));
                if (out.length() > c.limits().valueSize()) {
                    c.allocate(out.length());
                }
            }
            return c.made(out.toString());
        }
    }

    /** A chain of comparisons, {@code a < b <= c}, each value evaluated once. */
    record Compare(Expr first, List<String> operators, List<Expr> rest) implements Expr {
        @Override
        public Object eval(Context c) {
            Object left = c.eval(first);
            for (int i = 0; i < operators.size(); i++) {
                Object right = c.eval(rest.get(i));
                if (!holds(c, operators.get(i), left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        }

        static boolean holds(Context c, String operator, @Nullable Object a, @Nullable Object b) {
            return switch (operator) {
                case "==" -> Py.eq(c, a, b);
                case "!=" -> !Py.eq(c, a, b);
                case "in" -> Py.contains(c, b, a);
                case "not in" -> !Py.contains(c, b, a);
                default -> {
                    int order = Py.compare(c, a, b, operator);
                    yield order != Integer.MIN_VALUE && switch (operator) {
                        case "<" -> order < 0;
                        case "<=" -> order <= 0;
                        case ">" -> order > 0;
                        default -> order >= 0;
                    };
                }
            };
        }
    }

    record Conditional(Expr test, Expr then, @Nullable Expr otherwise) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            if (Py.truth(c.eval(test))) {
                return c.eval(then);
            }
            return otherwise != null
                    ? c.eval(otherwise)
                    : new Undefined("the inline if-expression was false and has no else section");
        }
    }

    /** The arguments of a call, a filter or a test as written. */
    record Arguments(List<Expr> positional, List<String> names, List<Expr> values, @Nullable Expr list, @Nullable Expr dict) {
        static final Arguments NONE = new Arguments(List.of(), List.of(), List.of(), null, null);

        Args eval(Context c) {
            if (this == NONE) {
                return Args.NONE;
            }
            List<@Nullable Object> byPosition = new ArrayList<>(positional.size());
            for (Expr e : positional) {
                byPosition.add(c.eval(e));
            }
            Map<String, @Nullable Object> byName = names.isEmpty() && dict == null ? Map.of() : new LinkedHashMap<>();
            for (int i = 0; i < names.size(); i++) {
                byName.put(names.get(i), c.eval(values.get(i)));
            }
            if (list != null) {
                for (Iterator<@Nullable Object> it = Py.iterate(c.eval(list)); it.hasNext();) {
                    c.allocate(1);
                    byPosition.add(it.next());
                }
            }
            if (dict != null) {
                if (!(c.eval(dict) instanceof Map<?, ?> m)) {
                    throw JinjaError.runtime("argument after ** must be a mapping");
                }
                m.forEach((k, v) -> byName.put(Py.toStr(k, "keywords"), v));
            }
            return new Args(byPosition, byName);
        }
    }

    record Call(Expr function, Arguments arguments) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            return call(c, null);
        }

        @Nullable
        Object call(Context c, @Nullable Macro caller) {
            Object target = c.eval(function);
            Args args = arguments.eval(c);
            if (target instanceof Undefined u) {
                throw u.fail();
            }
            if (!(target instanceof PyCallable callable)) {
                throw JinjaError.runtime("'" + Py.typeName(target) + "' object is not callable");
            }
            return callable.call(c, caller == null ? args : args.with("caller", caller));
        }
    }

    /** @param value null in a filter block, where the block's text takes its place */
    record Filtered(@Nullable Expr value, String name, Filters.@Nullable Filter filter, Arguments arguments) implements Expr {
        @Override
        public @Nullable Object eval(Context c) {
            return apply(c, value == null ? c.filterInput : c.eval(value));
        }

        private @Nullable Object apply(Context c, @Nullable Object input) {
            if (filter == null) {
                throw JinjaError.runtime("no filter named '" + name + "'");
            }
            return filter.apply(c, input, arguments.eval(c));
        }
    }

    record Tested(Expr value, String name, Tests.@Nullable Test test, Arguments arguments) implements Expr {
        @Override
        public Object eval(Context c) {
            if (test == null) {
                throw JinjaError.runtime("no test named '" + name + "'");
            }
            return test.holds(c, c.eval(value), arguments.eval(c));
        }
    }
}
