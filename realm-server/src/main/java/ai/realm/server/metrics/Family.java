package ai.realm.server.metrics;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * One metric with its label names and the series that it has so far. The number of series is bounded: what would be one too many is
 * counted under the label value {@code other}. Thread-safe.
 */
abstract class Family {
    private static final int MAX_SERIES = 2_000;

    final String name;
    private final String help;
    private final String type;
    final String[] labels;

    private Family(String name, String help, String type, String... labels) {
        this.name = name;
        this.help = help;
        this.type = type;
        this.labels = labels;
    }

    final void write(StringBuilder out) {
        out.append("# HELP ").append(name).append(' ').append(help).append('\n');
        out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
        samples(out);
    }

    abstract void samples(StringBuilder out);

    final void sample(StringBuilder out, String suffix, List<String> values, String more, double value) {
        out.append(name).append(suffix);
        if (!values.isEmpty() || !more.isEmpty()) {
            out.append('{');
            for (int i = 0; i < values.size(); i++) {
                out.append(i == 0 ? "" : ",").append(labels[i]).append("=\"").append(escape(values.get(i))).append('"');
            }
            out.append(values.isEmpty() || more.isEmpty() ? "" : ",").append(more).append('}');
        }
        out.append(' ').append(number(value)).append('\n');
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 ? Long.toString((long) value) : Double.toString(value);
    }

    private static String escape(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    private static <T> T series(Map<List<String>, T> all, Supplier<T> fresh, String... values) {
        List<String> key = List.of(values);
        T known = all.get(key);
        if (known == null && all.size() >= MAX_SERIES) {
            key = java.util.Collections.nCopies(values.length, "other");
        }
        return known != null ? known : all.computeIfAbsent(key, _ -> fresh.get());
    }

    /** What only grows. */
    static final class Counter extends Family {
        private final Map<List<String>, DoubleAdder> series = new ConcurrentHashMap<>();

        Counter(String name, String help, String... labels) {
            super(name, help, "counter", labels);
        }

        void add(double amount, String... values) {
            series(series, DoubleAdder::new, values).add(amount);
        }

        @Override
        void samples(StringBuilder out) {
            series.forEach((values, sum) -> sample(out, "", values, "", sum.sum()));
        }
    }

    /** One number read when it is asked for. */
    record Reading(List<String> labels, double value) {}

    /** What is read when it is asked for. */
    static final class Read extends Family {
        private final Supplier<List<Reading>> source;

        Read(String name, String help, String type, Supplier<List<Reading>> source, String... labels) {
            super(name, help, type, labels);
            this.source = source;
        }

        @Override
        void samples(StringBuilder out) {
            source.get().forEach(r -> sample(out, "", r.labels(), "", r.value()));
        }
    }

    /** How often values fell below each of some bounds. */
    static final class Histogram extends Family {
        private final double[] bounds;
        private final Map<List<String>, Buckets> series = new ConcurrentHashMap<>();

        Histogram(String name, String help, double[] bounds, String... labels) {
            super(name, help, "histogram", labels);
            this.bounds = bounds;
        }

        void observe(double value, String... values) {
            Buckets b = series(series, () -> new Buckets(bounds.length + 1), values);
            int i = 0;
            while (i < bounds.length && value > bounds[i]) {
                i++;
            }
            b.counts[i].increment();
            b.sum.add(value);
        }

        @Override
        void samples(StringBuilder out) {
            series.forEach((values, b) -> {
                long total = 0;
                for (int i = 0; i < b.counts.length; i++) {
                    total += b.counts[i].sum();
                    sample(out, "_bucket", values, "le=\"" + (i < bounds.length ? bounds[i] : "+Inf") + "\"", total);
                }
                sample(out, "_sum", values, "", b.sum.sum());
                sample(out, "_count", values, "", total);
            });
        }

        private static final class Buckets {
            private final LongAdder[] counts;
            private final DoubleAdder sum = new DoubleAdder();

            Buckets(int n) {
                counts = new LongAdder[n];
                java.util.Arrays.setAll(counts, _ -> new LongAdder());
            }
        }
    }
}
