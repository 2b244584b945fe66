package ai.realm.core.kernel;

/** The non-linear functions of MLPs by their definitions, in double. */
public final class ActivationMath {
    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

    private ActivationMath() {
    }

    /** The function of one number. */
    public static float apply(Activation activation, float x) {
        return (float) switch (activation) {
            case SILU -> x * sigmoid(x);
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(SQRT_2_OVER_PI * x * (1 + 0.044715 * x * (double) x)));
            case GELU_ERF -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
            case GELU_QUICK -> x * sigmoid(1.702 * x);
            case RELU -> Math.max(0, x);
            case RELU_SQUARED -> x > 0 ? (double) x * x : 0;
            case SIGMOID -> sigmoid(x);
            case TANH -> Math.tanh(x);
        };
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** Maclaurin series near zero, the continued fraction of erfc beyond; both to double precision. */
    static double erf(double x) {
        double a = Math.abs(x);
        if (a > 6) {
            return Math.signum(x);
        }
        return Math.signum(x) * (a < 2.5 ? series(a) : 1 - fraction(a));
    }

    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > 1e-17 * sum && n < 200; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return sum * 2 / Math.sqrt(Math.PI);
    }

    private static double fraction(double x) {
        double f = x;
        for (int k = 60; k > 0; k--) {
            f = x + k / 2.0 / f;
        }
        return Math.exp(-x * x) / (f * Math.sqrt(Math.PI));
    }
}
