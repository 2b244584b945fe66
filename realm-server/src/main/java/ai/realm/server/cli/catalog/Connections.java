package ai.realm.server.cli.catalog;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Connections that follow redirects as a hub sends them on to where its files lie: a token goes to the host that it is for, over https, and to no other, and
 * nobody is sent from https to http.
 */
final class Connections {
    private static final int MAX_REDIRECTS = 8;
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1\\]");
    private static final int CONNECT_MILLIS = 20_000;

    private Connections() {
    }

    /**
     * Asks for an address; what is returned has its status already.
     *
     * @param token for the host of {@code first}, or null
     * @param stallMillis how long a connection may bring nothing
     * @param prepared sets what else is asked
     */
    static HttpURLConnection get(URI first, @Nullable String token, int stallMillis, Consumer<HttpURLConnection> prepared)
            throws IOException {
        URI at = first;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpURLConnection connection = (HttpURLConnection) at.toURL().openConnection();
            connection.setInstanceFollowRedirects(false);
            connection.setConnectTimeout(CONNECT_MILLIS);
            connection.setReadTimeout(stallMillis);
            connection.setRequestProperty("User-Agent", "realm");
            connection.setRequestProperty("Accept-Encoding", "identity");
            if (token != null && sameHost(first, at) && isPrivate(at)) {
                connection.setRequestProperty("Authorization", "Bearer " + token);
            }
            prepared.accept(connection);
            String next = redirect(connection);
            if (next == null) {
                return connection;
            }
            connection.disconnect();
            at = followed(at, next);
        }
        throw new RefusedException(first.getHost() + " sends on more than " + MAX_REDIRECTS + " times");
    }

    /** Whether nobody on the way can read what is sent there. */
    static boolean isPrivate(URI at) {
        return "https".equals(at.getScheme())
                || LOOPBACK.matcher(at.getHost() == null ? "" : at.getHost()).matches();
    }

    private static boolean sameHost(URI a, URI b) {
        return a.getScheme().equals(b.getScheme()) && a.getAuthority().equals(b.getAuthority());
    }

    private static @Nullable String redirect(HttpURLConnection connection) throws IOException {
        return switch (connection.getResponseCode()) {
            case 301, 302, 303, 307, 308 -> connection.getHeaderField("Location");
            default -> null;
        };
    }

    private static URI followed(URI from, String location) throws IOException {
        URI to;
        try {
            to = from.resolve(location);
        } catch (IllegalArgumentException _) {
            throw new RefusedException(from.getHost() + " sends on to what is no address");
        }
        String scheme = to.getScheme() == null ? "" : to.getScheme().toLowerCase(Locale.ROOT);
        if (to.getHost() == null || !scheme.equals("https") && !scheme.equals(from.getScheme())) {
            throw new RefusedException(from.getHost() + " sends on to an address that is not https");
        }
        return to;
    }

    /** A redirect that is not followed. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }
}
