package ai.realm.server.http.transport;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.tenant.TenantGate;
import jakarta.servlet.http.HttpServletRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.zip.GZIPInputStream;
import org.brotli.dec.BrotliInputStream;

/** How a body was packed for its way: not at all, by gzip or by Brotli. Unpacking is bounded by what comes out. Thread-safe. */
enum ContentEncoding {
    IDENTITY {
        @Override
        InputStream open(InputStream packed) {
            return packed;
        }
    },
    GZIP {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new GZIPInputStream(packed);
        }
    },
    BROTLI {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new BrotliInputStream(packed);
        }
    };

    /** A few bytes of Brotli can ask for a window of 16 MB, so only so many bodies are unpacked at the same time. */
    private static final Semaphore PLACES = new Semaphore(4);

    abstract InputStream open(InputStream packed) throws IOException;

    /** @throws RealmException UNSUPPORTED_ENCODING for any other, and for one upon another */
    static ContentEncoding of(HttpServletRequest request) {
        ContentEncoding found = IDENTITY;
        for (String header : Collections.list(request.getHeaders("Content-Encoding"))) {
            for (String name : header.split(",")) {
                ContentEncoding one = named(name.strip().toLowerCase(Locale.ROOT));
                if (one != IDENTITY && found != IDENTITY) {
                    throw unsupported("more than one encoding upon another");
                }
                found = one == IDENTITY ? found : one;
            }
        }
        return found;
    }

    private static ContentEncoding named(String name) {
        return switch (name) {
            case "", "identity" -> IDENTITY;
            case "gzip", "x-gzip" -> GZIP;
            case "br" -> BROTLI;
            default -> throw unsupported(name.matches("[a-z0-9-]{1,32}") ? name : "this one");
        };
    }

    private static RealmException unsupported(String what) {
        return new RealmException(ErrorCode.UNSUPPORTED_ENCODING,
                "a body's Content-Encoding may be gzip, br or identity, not " + what);
    }

    /**
     * The body as it was before it was packed.
     *
     * @param maxBytes of the result
     * @throws RealmException BODY_TOO_LARGE, INVALID_REQUEST when it is not what its header says
     */
    byte[] unpack(byte[] packed, int maxBytes) {
        if (this == IDENTITY) {
            return packed;
        }
        byte[] body;
        PLACES.acquireUninterruptibly();
        try (InputStream in = open(new ByteArrayInputStream(packed))) {
            body = in.readNBytes(maxBytes + 1);
        } catch (IOException | RuntimeException e) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "the body is not " + (this == GZIP ? "gzip" : "Brotli")
                    + ", as its Content-Encoding says, or it is cut", e);
        } finally {
            PLACES.release();
        }
        if (body.length > maxBytes) {
            throw TenantGate.bodyTooLarge(maxBytes);
        }
        return body;
    }
}
