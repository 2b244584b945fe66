package ai.realm.core.kernel.machine;

/**
 * How 32 activations of a token lie in memory for emitted products: one cache line. First come the numbers in 8 bits, signed,
 * then their scale and what follows from their sum, as 32-bit words, so that a product need not compute it. These are the sum
 * times the scale, for weights with minima, and the values that sums start from: the sum times what unsigned weights have too
 * much, negated. All blocks of a token, one after the other, make a row.
 */
final class ActivationRecord {
    static final int BYTES = 64;
    /** A float: the largest magnitude ÷ 127. */
    static final int SCALE = 32;
    /** A float: {@link #SCALE} times the sum. */
    static final int SCALED_SUM = 36;
    /** -32 times the sum of the first 16. */
    static final int FIRST_HALF_32 = 40;
    /** -8 times the sum. */
    static final int SUM_8 = 44;
    /** -16 times the sum. */
    static final int SUM_16 = 48;
    /** -128 times the sum. */
    static final int SUM_128 = 52;
    /** -32 times the sum of the last 16. */
    static final int SECOND_HALF_32 = 56;

    private ActivationRecord() {
    }
}
