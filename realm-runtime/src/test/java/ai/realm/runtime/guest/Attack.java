package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One hostile module and what must become of it.
 *
 * @param surface what it attacks
 * @param name what it does
 * @param module its bytes
 * @param error the error that the tenant gets, GUEST_REFUSED at registration; null when its request is answered
 * @param says what the message must contain, or what the answer is
 * @param hangs whether the session it opens never ends by itself
 */
record Attack(String surface, String name, Supplier<byte[]> module, @Nullable ErrorCode error, List<String> says,
        boolean hangs) {

    static Attack refused(String surface, String name, Supplier<byte[]> module, String... says) {
        return new Attack(surface, name, module, ErrorCode.GUEST_REFUSED, List.of(says), false);
    }

    static Attack fails(String surface, String name, Supplier<byte[]> module, ErrorCode error, String... says) {
        return new Attack(surface, name, module, error, List.of(says), false);
    }

    /** Its request is answered: the host told it no in between. */
    static Attack answered(String surface, String name, Supplier<byte[]> module, String answer) {
        return new Attack(surface, name, module, null, List.of(answer), false);
    }

    Attack whileTheSessionHangs() {
        return new Attack(surface, name, module, error, says, true);
    }

    @Override
    public String toString() {
        return surface + ": " + name;
    }
}
