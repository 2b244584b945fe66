package ai.realm.server.http.transport;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.domain.OperatorFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Certificates and keys in PEM, as tools that issue them write them. An error names the file and never shows what is in it. */
final class Pem {
    /** Nobody needs it: stores are made in memory and read there. */
    static final char[] NO_PASSWORD = "".toCharArray();

    private static final int MOST_BYTES = 1 << 20;
    private static final Pattern KEY = Pattern.compile("-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----([^-]+)-----END \\1-----");
    private static final byte[] PROBE = "one key".getBytes(StandardCharsets.US_ASCII);
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private Pem() {
    }

    /** A store with a key and the certificates that go with it. */
    static KeyStore keyStore(Path certificate, Path key) {
        Certificate[] chain = certificates(certificate).toArray(Certificate[]::new);
        try {
            PrivateKey secret = key(key);
            if (!areOneKey(secret, chain[0].getPublicKey())) {
                throw bad(key, "it is not the key of the first certificate in " + certificate, null);
            }
            KeyStore store = empty();
            store.setKeyEntry("realm", secret, NO_PASSWORD, chain);
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw bad(key, "the key cannot be used", e);
        }
    }

    /** Whether what one has signed the other verifies. */
    private static boolean areOneKey(PrivateKey secret, PublicKey shown) throws GeneralSecurityException {
        if (!secret.getAlgorithm().equals(shown.getAlgorithm())) {
            return false;
        }
        Signature signature = Signature.getInstance(switch (secret.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> secret.getAlgorithm();
        });
        signature.initSign(secret);
        signature.update(PROBE);
        byte[] signed = signature.sign();
        signature.initVerify(shown);
        signature.update(PROBE);
        try {
            return signature.verify(signed);
        } catch (SignatureException e) {
            // Of another length, or on another curve.
            return false;
        }
    }

    /** A store with certificates of authorities. */
    static KeyStore trustStore(Path file) {
        try {
            KeyStore store = empty();
            int i = 0;
            for (Certificate c : certificates(file)) {
                store.setCertificateEntry("ca" + i++, c);
            }
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw bad(file, "the certificates cannot be used", e);
        }
    }

    private static KeyStore empty() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        return store;
    }

    private static Collection<? extends Certificate> certificates(Path file) {
        try {
            Collection<? extends Certificate> all = CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(OperatorFile.read("certificate", file, MOST_BYTES)));
            if (all.isEmpty()) {
                throw bad(file, "there is no certificate in it; wanted: -----BEGIN CERTIFICATE-----", null);
            }
            return all;
        } catch (CertificateException e) {
            throw bad(file, "it holds no certificates in PEM", e);
        }
    }

    private static PrivateKey key(Path file) throws GeneralSecurityException {
        String text = new String(OperatorFile.read("key", file, MOST_BYTES), StandardCharsets.US_ASCII);
        Matcher m = KEY.matcher(text);
        if (!m.find()) {
            throw bad(file, "there is no key in it; wanted: -----BEGIN PRIVATE KEY-----", null);
        }
        byte[] der;
        try {
            der = Base64.getMimeDecoder().decode(m.group(2).strip());
        } catch (IllegalArgumentException e) {
            throw bad(file, "the key is not in base64", null);
        }
        return switch (m.group(1)) {
            case "PRIVATE KEY" -> key(file, der);
            case "RSA PRIVATE KEY" -> key(file, rsa(der));
            default ->
                throw bad(file, "it is a " + m.group(1) + "; wanted is one without a password in PKCS #8 (openssl pkcs8 -topk8 "
                        + "-nocrypt)", null);
        };
    }

    private static PrivateKey key(Path file, byte[] pkcs8) throws GeneralSecurityException {
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (InvalidKeySpecException e) {
                // The next one.
            }
        }
        throw bad(file, "its key is none of " + ALGORITHMS, null);
    }

    /** PKCS #1 within PKCS #8: a sequence of version 0, the algorithm's name and the key as octets (RFC 5208). */
    private static byte[] rsa(byte[] pkcs1) {
        byte[] algorithm = {0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d,
                0x01,
                0x01, 0x01, 0x05, 0x00};
        byte[] key = der(0x04, pkcs1);
        byte[] inner = new byte[algorithm.length + key.length];
        System.arraycopy(algorithm, 0, inner, 0, algorithm.length);
        System.arraycopy(key, 0, inner, algorithm.length, key.length);
        return der(0x30, inner);
    }

    private static byte[] der(int tag, byte[] content) {
        int n = content.length;
        byte[] head = n < 0x80
                ? new byte[]{(byte) tag, (byte) n}
                : n < 0x100
                        ? new byte[]{(byte) tag, (byte) 0x81, (byte) n}
                        : new byte[]{(byte) tag, (byte) 0x82, (byte) (n >> 8), (byte) n};
        byte[] all = new byte[head.length + n];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(content, 0, all, head.length, n);
        return all;
    }

    private static RealmException bad(Path file, String why, @Nullable Throwable cause) {
        return new RealmException(ErrorCode.INVALID_REQUEST, file + ": " + why, cause);
    }
}
