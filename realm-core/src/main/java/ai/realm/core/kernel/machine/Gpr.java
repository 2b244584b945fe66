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
    String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Its name as 32 bits. */
    String text32() {
        String name = text();
        return ordinal() >= 8 ? name + "d" : "e" + name.substring(1);
    }
}
