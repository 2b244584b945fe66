package ai.realm.server.domain;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * API keys and their hashes. A key has 192 random bits, so a plain SHA-256 is enough to keep it: there is nothing to guess that
 * a slow hash would protect.
 */
public final class ApiKeys {
    private static final String PREFIX = "sha256:";
    private static final Pattern HASH = Pattern.compile("sha256:[0-9a-f]{64}");
    private static final SecureRandom RANDOM = new SecureRandom();

    private ApiKeys() {
    }

    /** A new key, to be shown once. */
    public static String generate() {
        byte[] bytes = new byte[24];
        RANDOM.nextBytes(bytes);
        return "rk-" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** The form in which a key is kept: {@code sha256:} and 64 hexadecimal digits. */
    public static String hash(String key) {
        return PREFIX + HexFormat.of().formatHex(digest(key));
    }

    /** SHA-256 of a key. */
    public static byte[] digest(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** The bytes of a hash as {@link #hash} writes it. */
    public static byte[] parse(String hash) {
        check("a key", hash);
        return HexFormat.of().parseHex(hash, PREFIX.length(), hash.length());
    }

    /** Refuses what is not a hash; the message does not repeat it, for it may be a key. */
    public static void check(String what, String hash) {
        if (!HASH.matcher(hash).matches()) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    what + " must be given as a hash, sha256: and 64 hexadecimal digits (printf %s KEY | sha256sum)");
        }
    }
}
