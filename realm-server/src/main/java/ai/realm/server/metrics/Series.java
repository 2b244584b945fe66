package ai.realm.server.metrics;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The series of one metric by their labels' values. Their number is bounded: what would be one too many is counted under the label
 * value {@code other}. Thread-safe.
 *
 * @param <D> what counts one series
 */
final class Series<D> {
    private static final int MOST = 2_000;
    /** Of a metric that has two dozen lines a series. */
    static final int MOST_HISTOGRAMS = 200;

    private final Map<List<String>, D> known = new ConcurrentHashMap<>();
    private final int most;
    private final Function<String[], D> make;

    /** @param make the series of some values, the same for the same values */
    Series(Function<String[], D> make) {
        this(MOST, make);
    }

    Series(int most, Function<String[], D> make) {
        this.most = most;
        this.make = make;
    }

    D of(String... values) {
        List<String> key = List.of(values);
        D found = known.get(key);
        if (found == null && known.size() >= most) {
            key = Collections.nCopies(values.length, "other");
        }
        return found != null ? found : known.computeIfAbsent(key, k -> make.apply(k.toArray(String[]::new)));
    }
}
