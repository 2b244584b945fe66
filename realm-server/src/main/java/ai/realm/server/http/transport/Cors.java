package ai.realm.server.http.transport;

import io.javalin.http.Context;
import java.util.List;
import java.util.Locale;

/**
 * What pages of other origins may do: call the API with a key of their own, which travels in a header. No cookies, so any origin may
 * by default; never on the admin API and the metrics. Immutable.
 */
public final class Cors {
    private static final String ANY = "*";
    private static final String DAY_SECONDS = "86400";
    private static final String EXPOSED = String.join(", ", RequestIds.HEADER, "x-realm-ignored", "retry-after",
            "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
            "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens");
    private static final List<String> CLOSED = List.of("/admin", "/metrics");

    private final List<String> origins;

    /** @param origins that may, as browsers send them; {@code *} is any; none for no answers to other origins */
    public Cors(List<String> origins) {
        this.origins = List.copyOf(origins);
    }

    /** Adds the headers that let a page read the answer. */
    public void before(Context ctx) {
        String origin = ctx.header("Origin");
        if (origins.isEmpty() || isClosed(ctx.path())) {
            return;
        }
        if (!origins.contains(ANY)) {
            ctx.res().addHeader("Vary", "Origin");
            if (origin == null || !origins.contains(origin.toLowerCase(Locale.ROOT))) {
                return;
            }
        }
        if (origin != null) {
            ctx.header("Access-Control-Allow-Origin", origins.contains(ANY) ? ANY : origin);
            ctx.header("Access-Control-Expose-Headers", EXPOSED);
        }
    }

    /**
     * What {@code OPTIONS} is answered with, a browser's question before its request among them.
     *
     * @param methods of the route
     */
    public static void options(Context ctx, String methods) {
        ctx.status(204).header("Allow", methods);
        if (ctx.res().getHeader("Access-Control-Allow-Origin") != null) {
            String wanted = ctx.header("Access-Control-Request-Headers");
            ctx.header("Access-Control-Allow-Methods", methods);
            ctx.header("Access-Control-Allow-Headers", wanted != null && wanted.matches("[A-Za-z0-9,_ -]{1,1024}")
                    ? wanted
                    : "authorization, content-type");
            ctx.header("Access-Control-Max-Age", DAY_SECONDS);
        }
    }

    private static boolean isClosed(String path) {
        return CLOSED.stream().anyMatch(c -> path.equals(c) || path.startsWith(c + "/"));
    }
}
