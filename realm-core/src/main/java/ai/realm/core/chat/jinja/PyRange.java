package ai.realm.core.chat.jinja;

import java.util.AbstractList;
import java.util.RandomAccess;

/** Python's range. */
final class PyRange extends AbstractList<Object> implements RandomAccess {
    final long start;
    final long stop;
    final long step;
    private final int size;

    PyRange(long start, long stop, long step, int limit) {
        if (step == 0) {
            throw JinjaError.runtime("range() arg 3 must not be zero");
        }
        this.start = start;
        this.stop = stop;
        this.step = step;
        // in double, as the difference of two longs may overflow
        double count = Math.ceil(((double) stop - (double) start) / step);
        if (count > limit) {
            throw JinjaError.runtime("a range may have at most " + limit + " numbers");
        }
        this.size = (int) Math.max(0, count);
    }

    @Override
    public Object get(int index) {
        return start + index * step;
    }

    @Override
    public int size() {
        return size;
    }
}
