package ai.realm.core.kernel.machine;

import org.jspecify.annotations.Nullable;

/**
 * An operand in memory: {@code base + index * scale + displacement}.
 *
 * @param index none when null; RSP cannot be one
 * @param scale 1, 2, 4 or 8
 */
record Address(Gpr base, @Nullable Gpr index, int scale, int displacement) {
    Address {
        if (index == Gpr.RSP || Integer.bitCount(scale) != 1 || scale > 8) {
            throw new IllegalArgumentException("no address with index " + index + " times " + scale);
        }
    }

    static Address at(Gpr base, int displacement) {
        return new Address(base, null, 1, displacement);
    }

    static Address at(Gpr base, Gpr index, int scale, int displacement) {
        return new Address(base, index, scale, displacement);
    }

    Address plus(int bytes) {
        return new Address(base, index, scale, displacement + bytes);
    }

    @Override
    public String toString() {
        String sum = index == null ? base.toString() : base + "+" + index + "*" + scale;
        return "[" + sum + (displacement < 0 ? "-" : "+") + Math.abs((long) displacement) + "]";
    }
}
