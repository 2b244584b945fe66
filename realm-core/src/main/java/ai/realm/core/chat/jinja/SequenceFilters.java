package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The filters on lists, dicts and what else can be iterated over. */
final class SequenceFilters {
    private SequenceFilters() {
    }

    static void addTo(Map<String, Filters.Filter> f) {
        f.put("length", (c, v, args) -> Py.length(v));
        f.put("count", (c, v, args) -> Py.length(v));
        f.put("list", (c, v, args) -> Py.list(c, v));
        f.put("first", SequenceFilters::first);
        f.put("last", SequenceFilters::last);
        f.put("join", SequenceFilters::join);
        f.put("reverse", SequenceFilters::reverse);
        f.put("items", SequenceFilters::items);
        f.put("dictsort", SequenceFilters::dictSort);
        f.put("sort", SequenceFilters::sort);
        f.put("unique", SequenceFilters::unique);
        f.put("groupby", SequenceFilters::groupBy);
        f.put("sum", SequenceFilters::sum);
        f.put("min", (c, v, args) -> extreme(c, v, args, false));
        f.put("max", (c, v, args) -> extreme(c, v, args, true));
        f.put("batch", SequenceFilters::batch);
        f.put("slice", SequenceFilters::slice);
        f.put("map", SequenceFilters::map);
        f.put("select", (c, v, args) -> select(c, v, args, false, true));
        f.put("reject", (c, v, args) -> select(c, v, args, false, false));
        f.put("selectattr", (c, v, args) -> select(c, v, args, true, true));
        f.put("rejectattr", (c, v, args) -> select(c, v, args, true, false));
    }

    private static boolean flag(@Nullable Object v) {
        return v != Args.ABSENT && Py.truth(v);
    }

    private static @Nullable Object first(Context c, @Nullable Object v, Args args) {
        Iterator<@Nullable Object> it = Py.iterate(v);
        return it.hasNext() ? it.next() : new Undefined("no first item, sequence was empty");
    }

    private static @Nullable Object last(Context c, @Nullable Object v, Args args) {
        if (v instanceof PyGenerator) {
            throw JinjaError.runtime("'generator' object is not reversible");
        }
        if (v instanceof List<?> l) {
            return l.isEmpty() ? new Undefined("no last item, sequence was empty") : l.getLast();
        }
        List<@Nullable Object> all = Py.list(c, v);
        return all.isEmpty() ? new Undefined("no last item, sequence was empty") : all.getLast();
    }

    private static Object join(Context c, @Nullable Object v, Args args) {
        Object[] a = args.bind("join", 0, "d", "attribute");
        String separator = a[0] == Args.ABSENT ? "" : PyRepr.str(c, a[0]);
        UnaryOperator<@Nullable Object> attribute = a[1] == Args.ABSENT ? null : getter(c, a[1], null, false);
        StringBuilder out = new StringBuilder();
        boolean first = true;
        for (Iterator<@Nullable Object> it = Py.iterate(v); it.hasNext(); first = false) {
            Object item = it.next();
            c.work(1);
            out.append(first ? "" : separator).append(PyRepr.str(c, attribute == null ? item : attribute.apply(item)));
            if (out.length() > c.limits().valueSize()) {
                c.allocate(out.length());
            }
        }
        return c.made(out.toString());
    }

    private static Object reverse(Context c, @Nullable Object v, Args args) {
        if (v instanceof String s) {
            return c.made(new StringBuilder(s).reverse().toString());
        }
        List<@Nullable Object> all = Py.list(c, v);
        Collections.reverse(all);
        return v instanceof PyGenerator ? all : new PyGenerator(all.iterator());
    }

    private static Object items(Context c, @Nullable Object v, Args args) {
        return new PyGenerator(new Lookahead() {
            private @Nullable Iterator<@Nullable Object> source;

            @Override
            protected @Nullable Object find() {
                if (source == null) {
                    source = v instanceof Undefined
                            ? Collections.emptyIterator()
                            : itemList(v, "can only get item pairs from a mapping").iterator();
                }
                return source.hasNext() ? source.next() : END;
            }
        });
    }

    private static List<@Nullable Object> itemList(@Nullable Object v, String message) {
        if (v instanceof Undefined u) {
            throw u.fail();
        }
        if (!(v instanceof Map<?, ?> m)) {
            throw JinjaError.runtime(message + ", not " + Py.typeName(v));
        }
        return new DictView(DictView.Kind.ITEMS, Filters.cast(m)).list();
    }

    private static Object dictSort(Context c, @Nullable Object v, Args args) {
        Object[] a = args.bind("dictsort", 0, "case_sensitive", "by", "reverse");
        String by = a[1] == Args.ABSENT ? "key" : Py.toStr(a[1], "by");
        if (!by.equals("key") && !by.equals("value")) {
            throw JinjaError.runtime("you can only sort by either \"key\" or \"value\"");
        }
        int position = by.equals("key") ? 0 : 1;
        boolean fold = !flag(a[0]);
        return sorted(c, itemList(v, "dictsort expects a dict"), pair -> fold(((PyTuple) pair).get(position), fold), flag(a[2]));
    }

    private static @Nullable Object fold(@Nullable Object v, boolean fold) {
        return fold && v instanceof String s ? s.toLowerCase(Locale.ROOT) : v;
    }

    /** What an attribute of the filters names: a key, an index, or several with dots between. */
    private static UnaryOperator<@Nullable Object> getter(Context c, @Nullable Object attribute, @Nullable Object absent,
            boolean fold) {
        List<Object> path = new ArrayList<>();
        if (attribute instanceof String s) {
            for (String part : s.split("\\.", -1)) {
                boolean digits = !part.isEmpty() && part.length() < 10 && part.chars().allMatch(x -> x >= '0' && x <= '9');
                path.add(digits ? (Object) Long.valueOf(part) : part);
            }
        } else if (attribute != null && attribute != Args.ABSENT) {
            path.add(attribute);
        }
        return item -> {
            Object value = item;
            for (Object key : path) {
                c.work(1);
                value = PyAccess.item(c, value, key);
                if (absent != null && absent != Args.ABSENT && value instanceof Undefined) {
                    value = absent;
                }
            }
            return fold(value, fold);
        };
    }

    /** One key for each of the attributes with commas between. */
    private static UnaryOperator<@Nullable Object> getters(Context c, @Nullable Object attributes, boolean fold) {
        if (!(attributes instanceof String s) || s.indexOf(',') < 0) {
            return getter(c, attributes, null, fold);
        }
        List<UnaryOperator<@Nullable Object>> all = new ArrayList<>();
        for (String one : s.split(",", -1)) {
            all.add(getter(c, one, null, fold));
        }
        return item -> PyTuple.of(all.stream().<@Nullable Object>map(g -> g.apply(item)).toList());
    }

    private static List<@Nullable Object> sorted(Context c, List<@Nullable Object> items, UnaryOperator<@Nullable Object> key,
            boolean reverse) {
        List<Object[]> keyed = new ArrayList<>(items.size());
        for (Object item : items) {
            keyed.add(new Object[]{key.apply(item), item});
        }
        Comparator<Object[]> order = (x, y) -> {
            c.work(1);
            int o = Py.compare(c, x[0], y[0], "<");
            return o == Integer.MIN_VALUE ? 0 : o;
        };
        if (keyed.size() > 1) {
            try {
                keyed.sort(reverse ? order.reversed() : order);
            } catch (IllegalArgumentException e) {
                throw JinjaError.runtime("the values have no consistent order");
            }
        }
        List<@Nullable Object> out = new ArrayList<>(keyed.size());
        for (Object[] pair : keyed) {
            out.add(pair[1]);
        }
        return out;
    }

    private static Object sort(Context c, @Nullable Object v, Args args) {
        Object[] a = args.bind("sort", 0, "reverse", "case_sensitive", "attribute");
        // keys are compared as lists, so what is equal need not have an order
        UnaryOperator<@Nullable Object> key = getters(c, a[2], !flag(a[1]));
        return sorted(c, Py.list(c, v), item -> Collections.singletonList(key.apply(item)), flag(a[0]));
    }

    private static Object unique(Context c, @Nullable Object v, Args args) {
        Object[] a = args.bind("unique", 0, "case_sensitive", "attribute");
        UnaryOperator<@Nullable Object> key = getter(c, a[1], null, !flag(a[0]));
        Set<Object> seen = new HashSet<>();
        List<@Nullable Object> out = new ArrayList<>();
        for (Iterator<@Nullable Object> it = Py.iterate(v); it.hasNext();) {
            Object item = it.next();
            c.work(1);
            if (seen.add(Py.hashKey(key.apply(item)))) {
                out.add(item);
            }
        }
        return new PyGenerator(out.iterator());
    }

    private static Object groupBy(Context c, @Nullable Object v, Args args) {
        Object[] a = args.bind("groupby", 1, "attribute", "default", "case_sensitive");
        boolean fold = !flag(a[2]);
        UnaryOperator<@Nullable Object> key = getter(c, a[0], a[1], fold);
        UnaryOperator<@Nullable Object> shown = getter(c, a[0], a[1], false);
        List<@Nullable Object> out = new ArrayList<>();
        List<@Nullable Object> group = new ArrayList<>();
        for (Object item : sorted(c, Py.list(c, v), key, false)) {
            if (!group.isEmpty() && !Py.eq(c, key.apply(group.getFirst()), key.apply(item))) {
                out.add(PyTuple.group(shown.apply(group.getFirst()), group));
                group = new ArrayList<>();
            }
            group.add(item);
        }
        if (!group.isEmpty()) {
            out.add(PyTuple.group(shown.apply(group.getFirst()), group));
        }
        return out;
    }

    private static @Nullable Object sum(Context c, @Nullable Object v, Args args) {
        Object[] a = args.bind("sum", 0, "attribute", "start");
        UnaryOperator<@Nullable Object> key = getter(c, a[0], null, false);
        Object total = a[1] == Args.ABSENT ? 0L : a[1];
        if (total instanceof String) {
            throw JinjaError.runtime("sum() can't sum strings");
        }
        for (Iterator<@Nullable Object> it = Py.iterate(v); it.hasNext();) {
            c.work(1);
            total = PyOps.binary(c, "+", total, key.apply(it.next()));
        }
        return total;
    }

    private static @Nullable Object extreme(Context c, @Nullable Object v, Args args, boolean max) {
        Object[] a = args.bind(max ? "max" : "min", 0, "case_sensitive", "attribute");
        UnaryOperator<@Nullable Object> key = getter(c, a[1], null, !flag(a[0]));
        Iterator<@Nullable Object> it = Py.iterate(v);
        if (!it.hasNext()) {
            return new Undefined("no aggregated item, sequence was empty");
        }
        Object best = it.next();
        Object bestKey = key.apply(best);
        while (it.hasNext()) {
            Object item = it.next();
            Object itemKey = key.apply(item);
            c.work(1);
            int order = Py.compare(c, itemKey, bestKey, max ? ">" : "<");
            if (order != Integer.MIN_VALUE && (max ? order > 0 : order < 0)) {
                best = item;
                bestKey = itemKey;
            }
        }
        return best;
    }

    private static Object batch(Context c, @Nullable Object v, Args args) {
        Object[] a = args.bind("batch", 1, "linecount", "fill_with");
        int size = Py.toInt(a[0], "linecount");
        List<@Nullable Object> out = new ArrayList<>();
        List<@Nullable Object> row = new ArrayList<>();
        for (Iterator<@Nullable Object> it = Py.iterate(v); it.hasNext();) {
            if (row.size() == size) {
                out.add(row);
                row = new ArrayList<>();
            }
            c.allocate(1);
            row.add(it.next());
        }
        if (!row.isEmpty()) {
            if (a[1] != Args.ABSENT && a[1] != null && row.size() < size) {
                c.allocate(size - row.size());
                row.addAll(Collections.nCopies(size - row.size(), a[1]));
            }
            out.add(row);
        }
        return new PyGenerator(out.iterator());
    }

    private static Object slice(Context c, @Nullable Object v, Args args) {
        Object[] a = args.bind("slice", 1, "slices", "fill_with");
        List<@Nullable Object> all = Py.list(c, v);
        int slices = Py.toInt(a[0], "slices");
        if (slices == 0) {
            throw JinjaError.runtime("integer division or modulo by zero");
        }
        c.allocate(Math.max(0, slices));
        List<@Nullable Object> out = new ArrayList<>();
        int each = slices < 0 ? 0 : all.size() / slices;
        int extra = slices < 0 ? 0 : all.size() % slices;
        int from = 0;
        for (int i = 0; i < slices; i++) {
            int to = from + each + (i < extra ? 1 : 0);
            List<@Nullable Object> part = new ArrayList<>(all.subList(from, to));
            if (a[1] != Args.ABSENT && a[1] != null && i >= extra) {
                part.add(a[1]);
            }
            c.allocate(1 + part.size());
            out.add(part);
            from = to;
        }
        return new PyGenerator(out.iterator());
    }

    private static Object map(Context c, @Nullable Object v, Args args) {
        UnaryOperator<@Nullable Object> function;
        if (args.positional().isEmpty() && args.named().containsKey("attribute")) {
            Map<String, @Nullable Object> rest = new LinkedHashMap<>(args.named());
            Object attribute = rest.remove("attribute");
            Object absent = rest.remove("default");
            if (!rest.isEmpty()) {
                throw JinjaError.runtime("map got an unexpected keyword argument '" + rest.keySet().iterator().next() + "'");
            }
            function = getter(c, attribute, absent, false);
        } else {
            if (args.positional().isEmpty()) {
                throw JinjaError.runtime("map requires a filter argument");
            }
            String name = Py.toStr(args.positional().getFirst(), "filter name");
            Filters.Filter filter = Filters.ALL.get(name);
            if (filter == null) {
                throw JinjaError.runtime("no filter named '" + name + "'");
            }
            Args rest = args.from(1);
            function = item -> filter.apply(c, item, rest);
        }
        if (!Py.truth(v)) {
            return new PyGenerator(Collections.emptyIterator());
        }
        return new PyGenerator(new Lookahead() {
            private @Nullable Iterator<@Nullable Object> source;

            @Override
            protected @Nullable Object find() {
                c.work(1);
                source = source == null ? Py.iterate(v) : source;
                return source.hasNext() ? function.apply(source.next()) : END;
            }
        });
    }

    private static Object select(Context c, @Nullable Object v, Args args, boolean byAttribute, boolean keep) {
        int offset = byAttribute ? 1 : 0;
        if (args.positional().size() < offset) {
            throw JinjaError.runtime("missing parameter for attribute name");
        }
        UnaryOperator<@Nullable Object> value = byAttribute ? getter(c, args.positional().getFirst(), null, false) : x -> x;
        Tests.Test test;
        if (args.positional().size() > offset) {
            String name = Py.toStr(args.positional().get(offset), "test name");
            Tests.Test named = Tests.ALL.get(name);
            if (named == null) {
                throw JinjaError.runtime("no test named '" + name + "'");
            }
            test = named;
        } else {
            test = (context, x, none) -> Py.truth(x);
        }
        Args rest = args.from(offset + 1);
        if (!Py.truth(v)) {
            return new PyGenerator(Collections.emptyIterator());
        }
        return new PyGenerator(new Lookahead() {
            private @Nullable Iterator<@Nullable Object> source;

            @Override
            protected @Nullable Object find() {
                source = source == null ? Py.iterate(v) : source;
                while (source.hasNext()) {
                    Object item = source.next();
                    c.work(1);
                    if (test.holds(c, value.apply(item), rest) == keep) {
                        return item;
                    }
                }
                return END;
            }
        });
    }
}
