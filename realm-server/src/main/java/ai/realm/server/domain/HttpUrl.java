package ai.realm.server.domain;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a request goes, read from its URL in the one spelling that there is: what could be read in two ways is refused.
 *
 * @param host in lower case, of an IPv6 address with its brackets
 * @param file path and query, as they are sent
 */
public record HttpUrl(String scheme, String host, int port, String path, String file) {
    private static final int MAX_CHARS = 8192;
    private static final Pattern URL = Pattern.compile(
            "(https?)://([a-zA-Z0-9._-]+|\\[[0-9a-fA-F:.]+])(?::(\\d{1,5}))?(/[\\w.~!$&'()*+,;=:@%/-]*)?(\\?[\\w.~!$&'()*+,;=:@%/?-]*)?");
    private static final Pattern PATH = Pattern.compile("/[\\w.~!$&'()*+,;=:@%/-]*");
    /** Other spellings of a dot, a slash, a semicolon or a percent sign; what is cut off or left out by some; bytes that no UTF-8 has. */
    private static final Pattern SPELLED = Pattern
            .compile("(?i)%2[ef5]|%3b|%5c|%[01][0-9a-f]|%7f|%(?![0-9a-f]{2})|%c[01]|%e0%[89]|%f0%8|%f[5-9a-f]");
    /** Steps out of a folder, empty parts, and parts that are such without their parameters or spaces: {@code /..;x/}. */
    private static final Pattern STEPS = Pattern.compile("//|/(?:\\.|%20)+(?:/|$)|/(?:\\.|%20)*;");

    /** @throws IllegalArgumentException says what a URL must be, not what this one is: it may hold a secret */
    public static HttpUrl of(String url) {
        // The length first: the pattern's work grows with it.
        Matcher m = URL.matcher(url.length() > MAX_CHARS ? "" : url);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "must be as https://host/path?query of at most " + MAX_CHARS + " characters, without user and fragment");
        }
        int port = m.group(3) == null ? HttpRule.defaultPort(m.group(1)) : Integer.parseInt(m.group(3));
        String path = m.group(4) == null ? "/" : m.group(4);
        if (port < 1 || port > 65_535 || !isPath(path)) {
            throw new IllegalArgumentException(
                    "must have a port of 1 to 65535, and no . or .. or empty part, and no spelling of such, in its path");
        }
        String query = m.group(5) == null ? "" : m.group(5);
        return new HttpUrl(m.group(1), m.group(2).toLowerCase(Locale.ROOT), port, path, path + query);
    }

    /** Whether a path can be read in one way only. */
    static boolean isPath(String path) {
        return PATH.matcher(path).matches() && !SPELLED.matcher(path).find() && !STEPS.matcher(path).find();
    }

    /**
     * Where a redirect leads, which says it in full or from this one's root.
     *
     * @throws IllegalArgumentException as {@link #of}
     */
    public HttpUrl redirected(String location) {
        if (location.startsWith("/") && !location.startsWith("//")) {
            return of(scheme + "://" + hostAndPort() + location);
        }
        return of(location);
    }

    public boolean isSameOrigin(HttpUrl other) {
        return scheme.equals(other.scheme) && host.equals(other.host) && port == other.port;
    }

    public String hostAndPort() {
        return port == HttpRule.defaultPort(scheme) ? host : host + ":" + port;
    }

    /** Without the query, for messages. */
    public String shown() {
        return scheme + "://" + hostAndPort() + path;
    }
}
