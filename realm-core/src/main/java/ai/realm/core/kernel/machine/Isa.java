package ai.realm.core.kernel.machine;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Sets of instructions that products can use; {@code -Drealm.machine.isa} chooses one. */
enum Isa {
    /** AVX-512 with VNNI. */
    VNNI,
    /** The same, and AMX for many tokens. */
    AMX;

    private static final String OPTION = "realm.machine.isa";

    /** The one that was asked for, or the best. */
    static Isa choose(boolean amx) {
        return choose(System.getProperty(OPTION, "auto"), amx);
    }

    static Isa choose(String asked, boolean amx) {
        Isa best = amx ? AMX : VNNI;
        if (asked.equals("auto")) {
            return best;
        }
        List<String> names = Arrays.stream(values()).map(i -> i.name().toLowerCase(Locale.ROOT)).toList();
        int i = names.indexOf(asked);
        if (i < 0) {
            throw new IllegalArgumentException(OPTION + " must be auto or one of " + names + ", not " + asked);
        }
        if (values()[i] == AMX && !amx) {
            throw new IllegalArgumentException(
                    OPTION + " is amx, but the processor has none or the system does not let this process use it");
        }
        return values()[i];
    }
}
