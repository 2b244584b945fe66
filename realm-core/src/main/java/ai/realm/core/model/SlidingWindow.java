package ai.realm.core.model;

/** Which layers see only the last positions, and how many: {@code attention.sliding_window} and its pattern. */
final class SlidingWindow {
    private final int[] windows;

    private SlidingWindow(int[] windows) {
        this.windows = windows;
    }

    /**
     * Reads the keys; without a window no layer has one.
     *
     * @param period layers of a period, of which all but the last have the window, unless the file says otherwise
     */
    static SlidingWindow read(DecoderBuilder d, int period) {
        return read(d, period, 0);
    }

    /** @param absent the window when the key is absent */
    static SlidingWindow read(DecoderBuilder d, int period, int absent) {
        return of(d, d.keys().integerOr("attention.sliding_window", absent, 0, Integer.MAX_VALUE), period, false);
    }

    /**
     * With a window that the keys do not say.
     *
     * @param firstFull whether the first layer of a period is without, and not the last
     */
    static SlidingWindow of(DecoderBuilder d, int window, int period, boolean firstFull) {
        sameAsElsewhere(d, "attention.key_length_swa", d.keyDim());
        sameAsElsewhere(d, "attention.value_length_swa", d.valueDim());
        sameAsElsewhere(d, "rope.dimension_count_swa", d.ropeDims());
        int[] windows = new int[d.layerCount()];
        String pattern = "attention.sliding_window_pattern";
        int[] local = d.keys().isArray(pattern) ? d.keys().perLayer(pattern, windows.length, 0, 1) : null;
        int every = local != null ? 0 : d.keys().integerOr(pattern, period, 0, Integer.MAX_VALUE);
        for (int l = 0; l < windows.length; l++) {
            boolean isLocal = local != null ? local[l] == 1 : every == 0 || (firstFull ? l % every != 0 : l % every < every - 1);
            windows[l] = isLocal ? window : 0;
        }
        return new SlidingWindow(windows);
    }

    private static void sameAsElsewhere(DecoderBuilder d, String key, int elsewhere) {
        int value = d.keys().integerOr(key, elsewhere, 0, Integer.MAX_VALUE);
        if (value != elsewhere) {
            throw d.keys().refuse(key, value, "other sizes in layers with a window are not supported: it must be " + elsewhere);
        }
    }

    /** Whether any layer has a window. */
    boolean exists() {
        for (int w : windows) {
            if (w > 0) {
                return true;
            }
        }
        return false;
    }

    /** Positions that a layer's queries see; 0 for all. */
    int at(int layer) {
        return windows[layer];
    }
}
