package ai.realm.core.chat.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Python's rules for values: truth, equality, order, iteration, types. Values are null (None), Boolean, Long, Double, String, List
 * (list, or one of {@link PyTuple} and {@link PyRange}), Map (dict), and the engine's own kinds.
 */
final class Py {
    private static final int MAX_INPUT_DEPTH = 500;

    private Py() {
    }

    /** A copy of a variable in the engine's kinds of values, so that nothing else of Java is ever in reach of a template. */
    static @Nullable Object from(@Nullable Object value, int depth) {
        if (depth > MAX_INPUT_DEPTH) {
            throw JinjaError.runtime("variables may nest " + MAX_INPUT_DEPTH + " levels deep");
        }
        return switch (value) {
            case null -> null;
            case String s -> s;
            case Boolean b -> b;
            case Long l -> l;
            case Double d -> d;
            case Integer i -> i.longValue();
            case Short i -> i.longValue();
            case Byte i -> i.longValue();
            case Float f -> f.doubleValue();
            case Number n -> n instanceof BigDecimal ? (Object) n.doubleValue() : bigInteger(n);
            case CharSequence s -> s.toString();
            case Map<?, ?> m -> {
                Map<Object, @Nullable Object> out = LinkedHashMap.newLinkedHashMap(m.size());
                for (Map.Entry<?, ?> e : m.entrySet()) {
                    out.put(String.valueOf(e.getKey()), from(e.getValue(), depth + 1));
                }
                yield out;
            }
            case List<?> l -> {
                List<@Nullable Object> out = new ArrayList<>(l.size());
                for (Object item : l) {
                    out.add(from(item, depth + 1));
                }
                yield out;
            }
            default -> throw JinjaError.runtime("a variable cannot be a " + value.getClass().getSimpleName());
        };
    }

    private static Object bigInteger(Number n) {
        try {
            return new BigDecimal(n.toString()).longValueExact();
        } catch (ArithmeticException | NumberFormatException e) {
            return n.doubleValue();
        }
    }

    static boolean truth(@Nullable Object v) {
        return switch (v) {
            case null -> false;
            case Boolean b -> b;
            case String s -> !s.isEmpty();
            case Markup m -> !m.text().isEmpty();
            case Long l -> l != 0;
            case Double d -> d != 0;
            case List<?> l -> !l.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            case DictView d -> !d.map().isEmpty();
            case Undefined u -> false;
            default -> true;
        };
    }

    static boolean isNumber(@Nullable Object v) {
        return v instanceof Long || v instanceof Double || v instanceof Boolean;
    }

    static double toDouble(@Nullable Object v) {
        return v instanceof Double d ? d : (double) toLong(v);
    }

    /** For an int or a bool. */
    static long toLong(@Nullable Object v) {
        return v instanceof Boolean b ? (b ? 1 : 0) : (Long) java.util.Objects.requireNonNull(v);
    }

    static boolean isInt(@Nullable Object v) {
        return v instanceof Long || v instanceof Boolean;
    }

    /** An index or a count, held within the range of int. */
    static int toInt(@Nullable Object v, String what) {
        if (!isInt(v)) {
            throw JinjaError.runtime(what + " must be an integer, not " + typeName(v));
        }
        return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, toLong(v)));
    }

    static String toStr(@Nullable Object v, String what) {
        if (Markup.plain(v) instanceof String s) {
            return s;
        }
        throw JinjaError.runtime(what + " must be a string, not " + typeName(v));
    }

    static boolean eq(Context c, @Nullable Object left, @Nullable Object right) {
        Object a = Markup.plain(left);
        Object b = Markup.plain(right);
        if (a == b) {
            return !(a instanceof Double d && d.isNaN());
        }
        if (a == null || b == null) {
            return false;
        }
        if (a instanceof String s) {
            return s.equals(b);
        }
        if (isNumber(a) && isNumber(b)) {
            return isInt(a) && isInt(b) ? toLong(a) == toLong(b) : toDouble(a) == toDouble(b);
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            return kind(a) == kind(b) && listsEqual(c, x, y);
        }
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            return mapsEqual(c, x, y);
        }
        return a instanceof Undefined && b instanceof Undefined;
    }

    private static Class<?> kind(Object list) {
        return list instanceof PyTuple || list instanceof PyRange ? list.getClass() : List.class;
    }

    private static boolean listsEqual(Context c, List<?> x, List<?> y) {
        if (x.size() != y.size()) {
            return false;
        }
        c.enter();
        boolean equal = true;
        for (int i = 0; equal && i < x.size(); i++) {
            c.work(1);
            equal = eq(c, x.get(i), y.get(i));
        }
        c.leave();
        return equal;
    }

    private static boolean mapsEqual(Context c, Map<?, ?> x, Map<?, ?> y) {
        if (x.size() != y.size()) {
            return false;
        }
        c.enter();
        boolean equal = true;
        for (Map.Entry<?, ?> e : x.entrySet()) {
            c.work(1);
            Object other = PyAccess.lookup(y, e.getKey());
            equal = equal && other != Scope.ABSENT && eq(c, e.getValue(), other);
        }
        c.leave();
        return equal;
    }

    /** Below, equal to or above zero; an error for what Python does not order. NaN: {@code Integer.MIN_VALUE}. */
    static int compare(Context c, @Nullable Object left, @Nullable Object right, String operator) {
        Object a = Markup.plain(left);
        Object b = Markup.plain(right);
        if (isNumber(a) && isNumber(b)) {
            if (isInt(a) && isInt(b)) {
                return Long.compare(toLong(a), toLong(b));
            }
            double x = toDouble(a);
            double y = toDouble(b);
            return Double.isNaN(x) || Double.isNaN(y) ? Integer.MIN_VALUE : x < y ? -1 : x > y ? 1 : 0;
        }
        if (a instanceof String x && b instanceof String y) {
            return PyStrings.compare(x, y);
        }
        if (a instanceof List<?> x && b instanceof List<?> y && kind(x) == kind(y) && !(a instanceof PyRange)) {
            c.enter();
            for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
                c.work(1);
                if (!eq(c, x.get(i), y.get(i))) {
                    int result = compare(c, x.get(i), y.get(i), operator);
                    c.leave();
                    return result;
                }
            }
            c.leave();
            return Integer.compare(x.size(), y.size());
        }
        if (a instanceof Undefined u) {
            throw u.fail();
        }
        if (b instanceof Undefined u) {
            throw u.fail();
        }
        throw JinjaError.runtime("'" + operator + "' not supported between instances of '" + typeName(a) + "' and '"
                + typeName(b) + "'");
    }

    static boolean contains(Context c, @Nullable Object in, @Nullable Object wanted) {
        Object container = Markup.plain(in);
        Object item = Markup.plain(wanted);
        switch (container) {
            case String s -> {
                if (item instanceof Undefined || !(item instanceof String part)) {
                    throw JinjaError.runtime("'in <string>' requires string as left operand, not " + typeName(item));
                }
                c.work(PyStrings.searchCost(s, part));
                return s.contains(part);
            }
            case Map<?, ?> m -> {
                return PyAccess.lookup(m, item) != Scope.ABSENT;
            }
            case null, default -> {
                if (!isIterable(container)) {
                    throw JinjaError.runtime("argument of type '" + typeName(container) + "' is not iterable");
                }
                for (Iterator<@Nullable Object> it = iterate(container); it.hasNext();) {
                    c.work(1);
                    if (eq(c, it.next(), item)) {
                        return true;
                    }
                }
                return false;
            }
        }
    }

    static boolean isIterable(@Nullable Object v) {
        return v instanceof String || v instanceof Markup || v instanceof List<?> || v instanceof Map<?, ?>
                || v instanceof DictView
                || v instanceof PyGenerator || v instanceof Undefined || v instanceof Loop;
    }

    @SuppressWarnings("unchecked")
    static Iterator<@Nullable Object> iterate(@Nullable Object v) {
        return switch (v) {
            case List<?> l -> ((List<@Nullable Object>) l).iterator();
            case Map<?, ?> m -> ((Map<@Nullable Object, @Nullable Object>) m).keySet().iterator();
            case String s -> PyStrings.characters(s);
            case Markup m -> PyStrings.characters(m.text());
            case DictView d -> d.list().iterator();
            case PyGenerator g -> g.items();
            case Undefined u -> List.<@Nullable Object>of().iterator();
            case Loop loop -> loop.rest();
            case null, default -> throw JinjaError.runtime("'" + typeName(v) + "' object is not iterable");
        };
    }

    /** A new list of what iterating gives. */
    static List<@Nullable Object> list(Context c, @Nullable Object v) {
        if (v instanceof List<?> l) {
            c.allocate(l.size());
            return new ArrayList<>(l);
        }
        List<@Nullable Object> out = new ArrayList<>();
        for (Iterator<@Nullable Object> it = iterate(v); it.hasNext();) {
            out.add(it.next());
            c.work(1);
            if (out.size() % 1024 == 0) {
                c.allocate(1024);
            }
        }
        return out;
    }

    static long length(@Nullable Object v) {
        return switch (v) {
            case String s -> s.codePointCount(0, s.length());
            case Markup m -> m.text().codePointCount(0, m.text().length());
            case List<?> l -> l.size();
            case Map<?, ?> m -> m.size();
            case DictView d -> d.map().size();
            case Undefined u -> 0;
            case Loop loop -> loop.length();
            case null, default -> throw JinjaError.runtime("object of type '" + typeName(v) + "' has no len()");
        };
    }

    /** A key by which equal values are equal in Java, for sets; an error for what Python cannot hash. */
    static Object hashKey(@Nullable Object v) {
        return switch (v) {
            case null -> Scope.ABSENT;
            case Boolean b -> b ? 1L : 0L;
            case Double d -> d == Math.rint(d) && Math.abs(d) < 1e18 ? (Object) (long) (double) d : d;
            case PyTuple t -> {
                List<Object> keys = new ArrayList<>(t.size());
                for (Object item : t) {
                    keys.add(hashKey(item));
                }
                yield keys;
            }
            case PyRange r -> r;
            case Markup m -> m.text();
            case List<?> l -> throw JinjaError.runtime("unhashable type: 'list'");
            case Map<?, ?> m -> throw JinjaError.runtime("unhashable type: 'dict'");
            case Undefined u -> Undefined.class;
            default -> v;
        };
    }

    static String typeName(@Nullable Object v) {
        return switch (v) {
            case null -> "NoneType";
            case Boolean b -> "bool";
            case Long l -> "int";
            case Double d -> "float";
            case String s -> "str";
            case PyTuple t -> "tuple";
            case PyRange r -> "range";
            case List<?> l -> "list";
            case Map<?, ?> m -> "dict";
            case DictView d -> d.kind().typeName;
            case PyGenerator g -> "generator";
            case Undefined u -> "Undefined";
            case Markup m -> "Markup";
            case Namespace n -> "Namespace";
            case Macro m -> "Macro";
            case Loop l -> "LoopContext";
            default -> "function";
        };
    }
}
