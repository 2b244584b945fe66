package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How a template reaches into values: attributes, items, slices, methods. Nothing of Java is in reach. */
final class PyAccess {
    private static final Set<String> DICT_CHANGING = Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> LIST_CHANGING = Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse",
            "sort");
    private static final Set<String> DICT_METHODS = Set.of("get", "items", "keys", "values", "copy", "fromkeys");
    private static final Set<String> LIST_METHODS = Set.of("count", "index", "copy");
    private static final Set<String> TUPLE_METHODS = Set.of("count", "index");

    private PyAccess() {
    }

    /** {@code object.name}: the attribute, or else the item of that name. */
    static @Nullable Object attribute(Context c, @Nullable Object object, String name) {
        if (object instanceof Undefined u) {
            throw u.fail();
        }
        Object own = ownAttribute(object, name);
        if (own != Scope.ABSENT) {
            return own;
        }
        if (object instanceof Map<?, ?> m) {
            Object value = m.get(name);
            if (value != null || m.containsKey(name)) {
                return value;
            }
        }
        return missing(object, name);
    }

    /** {@code object[key]}: the item, or else the attribute of that name. */
    static @Nullable Object item(Context c, @Nullable Object marked, @Nullable Object markedKey) {
        Object object = Markup.plain(marked);
        Object key = Markup.plain(markedKey);
        if (object instanceof Undefined u) {
            throw u.fail();
        }
        Object value = switch (object) {
            case Map<?, ?> m -> key instanceof List<?> && !(key instanceof PyTuple) || key instanceof Map<?, ?>
                    ? Scope.ABSENT
                    : lookup(m, key);
            case List<?> l when Py.isInt(key) -> {
                int i = index(Py.toLong(key), l.size());
                yield i < 0 ? Scope.ABSENT : l.get(i);
            }
            case String s when Py.isInt(key) -> PyStrings.at(s, Py.toLong(key));
            case null, default -> Scope.ABSENT;
        };
        if (value == Scope.ABSENT && key instanceof String name) {
            value = ownAttribute(marked, name);
        }
        return value == Scope.ABSENT ? missing(object, key) : Markup.like(marked, value);
    }

    private static Undefined missing(@Nullable Object object, @Nullable Object key) {
        String owner = object == null ? "None" : Py.typeName(object) + " object";
        return new Undefined(key instanceof String s
                ? PyRepr.quote(owner) + " has no attribute " + PyRepr.quote(s)
                : owner + " has no element " + (key == null || Py.isInt(key) ? String.valueOf(key) : Py.typeName(key)));
    }

    static int index(long i, int size) {
        long at = i < 0 ? i + size : i;
        return at < 0 || at >= size ? -1 : (int) at;
    }

    /** The value of a key of a dict, or {@link Scope#ABSENT}: 1, 1.0 and True are one key. */
    static @Nullable Object lookup(Map<?, ?> map, @Nullable Object marked) {
        Object key = Markup.plain(marked);
        Object value = map.get(key);
        if (value != null || map.containsKey(key)) {
            return value;
        }
        if (key instanceof String || key == null) {
            return Scope.ABSENT;
        }
        Object wanted = Py.hashKey(key);
        for (Map.Entry<?, ?> e : map.entrySet()) {
            if (!(e.getKey() instanceof String) && wanted.equals(Py.hashKey(e.getKey()))) {
                return e.getValue();
            }
        }
        return Scope.ABSENT;
    }

    /** Attributes and methods of a value's own type, or {@link Scope#ABSENT}. */
    private static @Nullable Object ownAttribute(@Nullable Object object, String name) {
        return switch (object) {
            case Map<?, ?> m when DICT_CHANGING.contains(name) -> unsafe(m, name);
            case Map<?, ?> m when DICT_METHODS.contains(name) -> new Method(m, name);
            case String s when PyStringMethods.NAMES.contains(name) -> new Method(s, name);
            case Markup m when PyStringMethods.NAMES.contains(name) -> new Method(m, name);
            case PyTuple t when t.isGroup() && name.equals("grouper") -> t.get(0);
            case PyTuple t when t.isGroup() && name.equals("list") -> t.get(1);
            case PyTuple t -> TUPLE_METHODS.contains(name) ? new Method(t, name) : Scope.ABSENT;
            case PyRange r -> TUPLE_METHODS.contains(name) ? new Method(r, name) : Scope.ABSENT;
            case List<?> l when LIST_CHANGING.contains(name) -> unsafe(l, name);
            case List<?> l when LIST_METHODS.contains(name) -> new Method(l, name);
            case Namespace n -> n.attributes.containsKey(name) ? n.attributes.get(name) : Scope.ABSENT;
            case Loop loop -> loop.attribute(name);
            case Macro m -> m.attribute(name);
            case Functions.Cycler cycler -> cycler.attribute(name);
            case null, default -> Scope.ABSENT;
        };
    }

    private static Undefined unsafe(Object object, String name) {
        return new Undefined("'" + name + "' of a " + Py.typeName(object) + " is not safe: templates cannot change values");
    }

    /** A method of a value, not yet called. */
    record Method(Object object, String name) implements PyCallable {
        @Override
        public @Nullable Object call(Context c, Args args) {
            return switch (object) {
                case String s -> PyStringMethods.call(c, s, name, args.plain());
                case Markup m -> Markup.method(c, m, name, args);
                case Map<?, ?> m -> dictMethod(c, m, name, args);
                case List<?> l -> listMethod(c, l, name, args);
                default -> throw JinjaError.runtime("no method " + name);
            };
        }
    }

    @SuppressWarnings("unchecked")
    private static @Nullable Object dictMethod(Context c, Map<?, ?> map, String name, Args args) {
        Map<Object, @Nullable Object> m = (Map<Object, @Nullable Object>) map;
        switch (name) {
            case "get" -> {
                if (!args.named().isEmpty()) {
                    throw JinjaError.runtime("get() takes no keyword arguments");
                }
                Object[] a = args.bind("get", 1, "key", "default");
                Py.hashKey(a[0]);
                Object value = lookup(m, a[0]);
                return value != Scope.ABSENT ? value : a[1] == Args.ABSENT ? null : a[1];
            }
            case "items", "keys", "values" -> {
                args.bind(name, 0);
                return new DictView(DictView.Kind.valueOf(name.toUpperCase(java.util.Locale.ROOT)), m);
            }
            case "copy" -> {
                args.bind(name, 0);
                c.allocate(m.size());
                return new java.util.LinkedHashMap<>(m);
            }
            default -> throw JinjaError.runtime("dict." + name + " is not supported");
        }
    }

    private static Object listMethod(Context c, List<?> list, String name, Args args) {
        switch (name) {
            case "count", "index" -> {
                Object[] a = args.bind(name, 1, "value", "start", "stop");
                int from = a[1] == Args.ABSENT ? 0 : clamp(Py.toInt(a[1], "start"), list.size());
                int to = a[2] == Args.ABSENT ? list.size() : clamp(Py.toInt(a[2], "stop"), list.size());
                long count = 0;
                for (int i = from; i < to; i++) {
                    c.work(1);
                    if (Py.eq(c, list.get(i), a[0])) {
                        if (name.equals("index")) {
                            return (long) i;
                        }
                        count++;
                    }
                }
                if (name.equals("index")) {
                    throw JinjaError.runtime("the value is not in the list");
                }
                return count;
            }
            default -> {
                args.bind(name, 0);
                return Py.list(c, list);
            }
        }
    }

    /** A Python index that may count from the end or lie outside, held within the sequence. */
    static int clamp(int i, int size) {
        return Math.clamp(i < 0 ? (long) i + size : i, 0, size);
    }

    /** {@code object[from:to:step]}, with None for what is left out. */
    static Object slice(Context c, @Nullable Object marked, @Nullable Object from, @Nullable Object to, @Nullable Object step) {
        Object object = Markup.plain(marked);
        if (object instanceof Undefined u) {
            throw u.fail();
        }
        if (!(object instanceof String) && !(object instanceof List<?>)) {
            throw JinjaError.runtime("'" + Py.typeName(object) + "' object cannot be sliced");
        }
        int by = step == null ? 1 : bound(step);
        if (by == 0) {
            throw JinjaError.runtime("slice step cannot be zero");
        }
        int size = (int) Py.length(object);
        int start;
        int end;
        if (by > 0) {
            start = from == null ? 0 : clamp(bound(from), size);
            end = to == null ? size : clamp(bound(to), size);
        } else {
            start = from == null ? size - 1 : clampDown(bound(from), size);
            end = to == null ? -1 : clampDown(bound(to), size);
        }
        if (object instanceof String s) {
            String part = c.made(PyStrings.slice(s, start, end, by));
            return marked instanceof Markup ? new Markup(part) : part;
        }
        List<?> list = (List<?>) object;
        if (list instanceof PyRange r) {
            return new PyRange(r.start + start * r.step, r.start + end * r.step, r.step * by, c.limits().range());
        }
        List<@Nullable Object> out = new ArrayList<>();
        for (long i = start; by > 0 ? i < end : i > end; i += by) {
            out.add(list.get((int) i));
        }
        c.allocate(out.size());
        return list instanceof PyTuple ? PyTuple.of(out) : out;
    }

    private static int bound(@Nullable Object v) {
        if (v instanceof Undefined u) {
            throw u.fail();
        }
        return Py.toInt(v, "slice indices");
    }

    private static int clampDown(int i, int size) {
        long at = i < 0 ? (long) i + size : i;
        return (int) Math.max(-1, Math.min(size - 1, at));
    }
}
