package ai.realm.server.http.transport;

import ai.realm.server.tenant.Caller;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** Reads from a request who asks. */
public final class Callers {
    private Callers() {
    }

    public static Caller of(Context ctx) {
        return new Caller(ctx.header("Authorization"), ctx.header("x-api-key"), isLocal(ctx), GatewayHeaders.tenant(ctx));
    }

    /**
     * A page of another site runs on this machine too, in a browser; it is told by its origin, or, where it has made its own name
     * lead to this machine, by the name that the request was sent to.
     */
    private static boolean isLocal(Context ctx) {
        boolean forwarded = ctx.header("Forwarded") != null || ctx.header("X-Forwarded-For") != null;
        String origin = ctx.header("Origin");
        return !forwarded && isLoopback(ctx.req().getRemoteAddr()) && isLocalName(ctx.req().getServerName())
                && (origin == null || isLocalName(hostOf(origin)));
    }

    private static @Nullable String hostOf(String origin) {
        try {
            return URI.create(origin).getHost();
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static boolean isLocalName(@Nullable String host) {
        if (host == null) {
            return false;
        }
        return host.equals("localhost") || host.matches("127\\.[0-9.]+") || host.equals("[::1]") || host.equals("::1");
    }

    /** Whether an address, not a name, is this machine's own. */
    public static boolean isLoopback(String address) {
        try {
            return InetAddress.getByName(address).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
