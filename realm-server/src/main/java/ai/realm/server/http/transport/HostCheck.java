package ai.realm.server.http.transport;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import io.javalin.http.Context;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * By which names a listener of the operator's may be called. A page of another site can make its own name point to this machine (DNS
 * rebinding); a browser then takes the answers for that site's, but still says the name that it asked for. Immutable.
 */
public final class HostCheck {
    private static final Pattern PORT = Pattern.compile(":\\d{1,5}$");
    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+]");

    private final Set<String> names;

    /** @param names that are right beside {@code localhost} and addresses, lower case; {@code *} is any */
    public HostCheck(Iterable<String> names) {
        Set<String> all = new HashSet<>(Set.of("localhost"));
        names.forEach(all::add);
        this.names = Set.copyOf(all);
    }

    /** @throws RealmException NOT_PERMITTED */
    public void check(Context ctx) {
        String host = ctx.header("Host");
        if (host == null || host.isEmpty() || names.contains("*")) {
            return;
        }
        String name = PORT.matcher(host.toLowerCase(Locale.ROOT)).replaceFirst("");
        if (!names.contains(name) && !ADDRESS.matcher(name).matches()) {
            throw new RealmException(ErrorCode.NOT_PERMITTED,
                    "this listener is called by an address, localhost or a name in server.management_hosts");
        }
    }

    /** Whether the request came from this machine and through no proxy that says so. */
    public static boolean isDirectAndLocal(Context ctx) {
        return ctx.header("Forwarded") == null && ctx.header("X-Forwarded-For") == null && ctx.header("Via") == null
                && Callers.isLoopback(ctx.req().getRemoteAddr());
    }
}
