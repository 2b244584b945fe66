package ai.realm.core.kernel;

/** What a matrix product does with its activations before multiplying. */
public enum ActivationMode {
    /** Kept as they are; products within 1e-6 of exact. */
    F32,
    /** Quantized to 8 bits per group of 32 where a kernel has it: faster, as llama.cpp does; products within 2e-3 NMSE. */
    INT8
}
