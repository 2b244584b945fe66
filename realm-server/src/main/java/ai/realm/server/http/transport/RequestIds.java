package ai.realm.server.http.transport;

import io.javalin.http.Context;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** Ids of requests: the client's {@code x-request-id} where it is fit for logs, else a new one; always sent back. */
public final class RequestIds {
    public static final String HEADER = "x-request-id";

    private static final Pattern FIT = Pattern.compile("[A-Za-z0-9._-]{1,128}");
    private static final SecureRandom RANDOM = new SecureRandom();

    private RequestIds() {
    }

    /** Chosen once for a request. */
    public static void assign(Context ctx) {
        String given = ctx.req().getHeader(HEADER);
        String id = given != null && FIT.matcher(given).matches() ? given : fresh();
        ctx.attribute(HEADER, id);
        ctx.header(HEADER, id);
    }

    public static String of(Context ctx) {
        String id = ctx.attribute(HEADER);
        return id == null ? fresh() : id;
    }

    public static String fresh() {
        byte[] bytes = new byte[12];
        RANDOM.nextBytes(bytes);
        return "req-" + HexFormat.of().formatHex(bytes);
    }
}
