package ai.realm.core.kernel;

/**
 * Reusable input of matrix products: {@code count} rows of {@code cols} numbers in the form (or forms) that one
 * {@link ProductKernels} multiplies. Filled by {@link ProductKernels#fill}, not thread-safe while being filled.
 */
public interface Activations {
    /** Rows filled at most. */
    int capacity();
}
