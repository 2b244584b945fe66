package ai.realm.core.model;

import java.util.Set;

/**
 * How a file stretches rotary positions: type, factor, and YaRN's parameters. Source: the GGUF keys {@code rope.*}, the YaRN
 * paper (arXiv 2309.00071) and llama.cpp de3ff81 for which keys count.
 *
 * @param factor positions are divided by it; 1 for none
 * @param originalContext positions the model was trained for before stretching
 * @param magnitude what cosine and sine are multiplied by
 */
record RopeScaling(Type type, double factor, int originalContext, double betaFast, double betaSlow, double magnitude) {
    enum Type {
        NONE,
        LINEAR,
        YARN,
        LONGROPE
    }

    static final RopeScaling PLAIN = new RopeScaling(Type.NONE, 1, 0, 32, 1, 1);

    /** Reads the keys that every architecture has. */
    static RopeScaling read(ModelKeys keys) {
        return read(keys, Type.LINEAR);
    }

    /** @param absent what the type is when there is no key for it */
    static RopeScaling read(ModelKeys keys, Type absent) {
        return read(keys, absent, 32, 1, 0);
    }

    /** @param logMultiplier YaRN's {@code mscale_all_dim}; 0 when the architecture has none */
    static RopeScaling read(ModelKeys keys, double betaFast, double betaSlow, double logMultiplier) {
        return read(keys, Type.LINEAR, betaFast, betaSlow, logMultiplier);
    }

    private static RopeScaling read(ModelKeys keys, Type absent, double betaFast, double betaSlow, double logMultiplier) {
        String word = keys.word("rope.scaling.type", absent.name().toLowerCase(java.util.Locale.ROOT),
                Set.of("none", "linear", "yarn", "longrope"));
        Type type = Type.valueOf(word.toUpperCase(java.util.Locale.ROOT));
        float given = keys.has("rope.scaling.factor")
                ? keys.number("rope.scaling.factor")
                : keys.numberOr("rope.scale_linear", 0);
        if (given < 0) {
            throw keys.refuse("rope.scaling.factor", given, "it must not be negative");
        }
        double factor = given == 0 || type == Type.NONE ? 1 : given;
        int original = keys.integerOr("rope.scaling.original_context_length",
                keys.integer("context_length", 1, Integer.MAX_VALUE), 1, Integer.MAX_VALUE);
        double magnitude = keys.positiveOr("rope.scaling.attn_factor", 1);
        if (type == Type.YARN) {
            magnitude *= logMultiplier == 0 ? mscale(factor, 1) : mscale(factor, 1) / mscale(factor, logMultiplier);
        }
        return new RopeScaling(type, factor, original, betaFast, betaSlow, magnitude);
    }

    /** Attention's sharpening for a stretch by {@code factor}. */
    static double mscale(double factor, double multiplier) {
        return factor <= 1 ? 1 : 0.1 * multiplier * Math.log(factor) + 1;
    }

    RopeScaling withMagnitude(double other) {
        return new RopeScaling(type, factor, originalContext, betaFast, betaSlow, other);
    }

    /**
     * The angle of one position step for each pair of {@code dims} values.
     *
     * @param divisors what each frequency is divided by (Llama 3.1, longrope), or null
     */
    double[] frequencies(int dims, double base, float @org.jspecify.annotations.Nullable [] divisors) {
        double[] out = new double[dims / 2];
        for (int i = 0; i < out.length; i++) {
            double f = Math.pow(base, -2.0 * i / dims);
            if (divisors != null) {
                f /= divisors[i];
            }
            out[i] = type == Type.YARN ? blend(f, i, dims, base) : f / factor;
        }
        return out;
    }

    /** YaRN keeps fast frequencies and stretches slow ones, with a ramp between. */
    private double blend(double f, int pair, int dims, double base) {
        double low = Math.max(0, Math.floor(turns(betaFast, dims, base)));
        double high = Math.min(dims - 1.0, Math.ceil(turns(betaSlow, dims, base)));
        double ramp = 1 - Math.clamp((pair - low) / Math.max(0.001, high - low), 0.0, 1.0);
        return f / factor * (1 - ramp) + f * ramp;
    }

    /** The pair that makes {@code beta} turns over the original context. */
    private double turns(double beta, int dims, double base) {
        return dims * Math.log(originalContext / (beta * 2 * Math.PI)) / (2 * Math.log(base));
    }
}
