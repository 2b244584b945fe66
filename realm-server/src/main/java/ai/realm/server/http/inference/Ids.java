package ai.realm.server.http.inference;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Names for answers, calls and what is kept, which nobody can guess. */
public final class Ids {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int BYTES = 12;

    private Ids() {
    }

    public static String fresh(String prefix) {
        byte[] random = new byte[BYTES];
        RANDOM.nextBytes(random);
        return prefix + HexFormat.of().formatHex(random);
    }
}
