package ai.realm.core.kernel.machine;

/**
 * A vector register of AVX-512.
 *
 * @param number 0 to 31
 * @param bits 128, 256 or 512
 */
record Vector(int number, int bits) {
    Vector {
        if (number < 0 || number > 31 || bits != 128 && bits != 256 && bits != 512) {
            throw new IllegalArgumentException("no vector register " + number + " of " + bits + " bits");
        }
    }

    static Vector zmm(int number) {
        return new Vector(number, 512);
    }

    static Vector ymm(int number) {
        return new Vector(number, 256);
    }

    static Vector xmm(int number) {
        return new Vector(number, 128);
    }

    @Override
    public String toString() {
        return (bits == 512 ? "zmm" : bits == 256 ? "ymm" : "xmm") + number;
    }
}
