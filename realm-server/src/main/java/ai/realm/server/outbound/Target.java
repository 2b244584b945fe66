package ai.realm.server.outbound;

import ai.realm.runtime.guest.GuestOutside.HttpTrouble;
import ai.realm.server.domain.HttpRule;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a request goes, read from its URL in the one spelling that there is: what could be read in two ways is refused.
 *
 * @param host in lower case, of an IPv6 address with its brackets
 * @param file path and query, as they are sent
 */
record Target(String scheme, String host, int port, String path, String file) {
    private static final int MAX_CHARS = 8192;
    private static final Pattern URL = Pattern.compile(
            "(https?)://([a-zA-Z0-9._-]+|\\[[0-9a-fA-F:.]+])(?::(\\d{1,5}))?(/[\\w.~!$&'()*+,;=:@%/-]*)?(\\?[\\w.~!$&'()*+,;=:@%/?-]*)?");
    /** Other spellings of a dot or a slash, and steps out of a folder. */
    private static final Pattern AMBIGUOUS = Pattern.compile("(?i)%2e|%2f|%5c|%00|%25|(^|/)\\.{1,2}(/|$)|//");

    static Target of(String url) {
        Matcher m = URL.matcher(url);
        if (url.length() > MAX_CHARS || !m.matches()) {
            throw new HttpTrouble(HttpTrouble.Kind.BAD_REQUEST,
                    "url must be as https://host/path?query of at most " + MAX_CHARS + " characters, without user and fragment");
        }
        int port = m.group(3) == null ? HttpRule.defaultPort(m.group(1)) : Integer.parseInt(m.group(3));
        String path = m.group(4) == null ? "/" : m.group(4);
        if (port < 1 || port > 65_535 || AMBIGUOUS.matcher(path).find()) {
            throw new HttpTrouble(HttpTrouble.Kind.BAD_REQUEST,
                    "url must have a port of 1 to 65535, and no . or .. or empty part, and no spelling of such, in its path");
        }
        String query = m.group(5) == null ? "" : m.group(5);
        return new Target(m.group(1), m.group(2).toLowerCase(Locale.ROOT), port, path, path + query);
    }

    /** Where a redirect leads, which says it in full or from this one's root. */
    Target redirected(String location) {
        if (location.startsWith("/") && !location.startsWith("//")) {
            return of(scheme + "://" + hostAndPort() + location);
        }
        return of(location);
    }

    boolean isSameOrigin(Target other) {
        return scheme.equals(other.scheme) && host.equals(other.host) && port == other.port;
    }

    String hostAndPort() {
        return port == HttpRule.defaultPort(scheme) ? host : host + ":" + port;
    }

    /** Without the query, for messages. */
    String shown() {
        return scheme + "://" + hostAndPort() + path;
    }
}
