package ai.realm.server.http.inference;

import ai.realm.runtime.store.ModelLease;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** {@code system_fingerprint}: other when the build, the model or the choice of kernels is another. */
final class Fingerprint {
    /** The build's version. */
    public static final String VERSION = "0.1.0";
    private static final int BYTES = 5;

    private Fingerprint() {
    }

    static String of(ModelLease model) {
        String all = String.join("|", VERSION, model.name(), model.config().toString(), System.getProperty("os.arch", ""),
                System.getProperty("realm.kernels", "auto"));
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
            return "fp_" + HexFormat.of().formatHex(hash, 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
