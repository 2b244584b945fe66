package ai.realm.core.kernel;

/** The non-linear functions of MLPs. */
public enum Activation {
    SILU,
    /** GELU with tanh, exact (no table). */
    GELU_TANH,
    /** GELU with erf. */
    GELU_ERF,
    /** GELU with a sigmoid: {@code x * sigmoid(1.702 x)}. */
    GELU_QUICK,
    RELU,
    RELU_SQUARED,
    SIGMOID,
    TANH
}
