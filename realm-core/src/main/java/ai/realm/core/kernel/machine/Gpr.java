package ai.realm.core.kernel.machine;

import java.util.Locale;

/** A general register of x86-64 by its encoding; emitted code uses only those that a called function may change. */
enum Gpr {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15;

    /** Its name as 64 bits. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Its lower 32 bits. */
    Lower lower() {
        return new Lower(this);
    }

    /** The lower 32 bits of a register, for a listing. */
    record Lower(Gpr of) {
        @Override
        public String toString() {
            String name = of.toString();
            return of.ordinal() >= R8.ordinal() ? name + "d" : "e" + name.substring(1);
        }
    }
}
