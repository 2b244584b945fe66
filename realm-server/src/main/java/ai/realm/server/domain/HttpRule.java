package ai.realm.server.domain;

import static ai.realm.server.domain.Checks.bad;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a tenant's guest may send HTTP requests, and what the host adds to them.
 *
 * @param url as it was written
 * @param host in lower case; {@code *.example.com} stands for all names below it
 * @param path what the path of a request begins with
 * @param headers what the host puts into the request, with {@code {name}} for a secret
 * @param privateAddresses whether the host may be at an address that is not public
 */
public record HttpRule(String url, String scheme, String host, int port, String path, Set<String> methods,
        Map<String, String> headers, boolean privateAddresses) {
    private static final Pattern URL = Pattern.compile(
            "(https?)://((?:\\*\\.)?[a-zA-Z0-9._-]+|\\[[0-9a-fA-F:.]+])(?::(\\d{1,5}))?(/[^?#\\s]*)?");
    private static final Pattern METHOD = Pattern.compile("GET|HEAD|POST|PUT|PATCH|DELETE");
    private static final Pattern SECRET = Pattern.compile("\\{([^{}]*)}");
    private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}");
    /** What the host itself says of a request and its connection. */
    private static final Pattern HOSTS_OWN = Pattern.compile(
            "(?i)host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|accept-encoding|proxy-.*");
    private static final int MAX_RULES = 64;

    public HttpRule {
        methods = Set.copyOf(methods);
        headers = Map.copyOf(headers);
    }

    /** Whether a header may be set by others than the host. */
    public static boolean isHeader(String name) {
        return HEADER.matcher(name).matches() && !HOSTS_OWN.matcher(name).matches();
    }

    /** Whether a header's value is one line of visible characters. */
    public static boolean isHeaderValue(String value) {
        return value.chars().allMatch(c -> c >= ' ' && c < 0x7f || c == '\t');
    }

    /** The rules of a tenant that has these secrets. */
    static List<HttpRule> all(@Nullable List<TenantSettings.HttpRule> rules, Map<String, String> secrets, String at) {
        List<TenantSettings.HttpRule> given = Checks.or(rules, List.of());
        if (given.size() > MAX_RULES) {
            throw bad(at + " may have " + MAX_RULES + " rules, not " + given.size());
        }
        return given.stream().map(r -> of(r, secrets, at)).toList();
    }

    /** An address of the operator's that is sent to; it is not shown when it is refused, as whoever knows it may send there. */
    public static HttpRule webhook(String at, String url, boolean privateAddresses) {
        try {
            HttpUrl to = HttpUrl.of(url);
            return new HttpRule(url, to.scheme(), to.host(), to.port(), to.path(), Set.of("POST"), Map.of(), privateAddresses);
        } catch (IllegalArgumentException e) {
            throw bad(at + " " + e.getMessage());
        }
    }

    private static HttpRule of(TenantSettings.HttpRule rule, Map<String, String> secrets, String at) {
        String url = Checks.required(at + ".url", rule.url());
        Matcher m = URL.matcher(url);
        if (!m.matches()) {
            throw bad(at + ".url must be as https://api.example.com/v1/ or https://*.example.com:8443, not " + url);
        }
        Set<String> methods = new LinkedHashSet<>(Checks.or(rule.methods(), List.of("GET")));
        for (String method : methods) {
            if (!METHOD.matcher(method).matches()) {
                throw bad(at + ".methods: must be of GET, HEAD, POST, PUT, PATCH, DELETE, not " + method);
            }
        }
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        Checks.or(rule.headers(), Map.<String, String>of()).forEach((name, value) -> {
            if (!isHeader(name) || headers.put(name, value) != null) {
                throw bad(at + ".headers: " + name + " is not a header that can be set here");
            }
            checkValue(name, value, secrets, at);
        });
        String scheme = m.group(1);
        String path = Checks.or(m.group(4), "/");
        if (!HttpUrl.isPath(path)) {
            throw bad(at + ".url: no request has such a path: it must have no . or .. or empty part, and no spelling of such: "
                    + url);
        }
        int port = m.group(3) == null
                ? defaultPort(scheme)
                : Checks.in(at + ".url's port", Integer.parseInt(m.group(3)), 1, 65_535);
        return new HttpRule(url, scheme, m.group(2).toLowerCase(Locale.ROOT), port, path, methods, headers,
                Checks.or(rule.privateAddresses(), false));
    }

    /** The message has no value: it may hold a secret. */
    private static void checkValue(String name, String value, Map<String, String> secrets, String at) {
        Matcher used = SECRET.matcher(value);
        while (used.find()) {
            if (!secrets.containsKey(used.group(1))) {
                throw bad(at + ".headers: " + name + " uses {" + used.group(1) + "}, which is not in guest_secrets");
            }
        }
        if (!isHeaderValue(filled(value, secrets))) {
            throw bad(at + ".headers: " + name + " must be one line of ASCII, its secrets too");
        }
    }

    public static int defaultPort(String scheme) {
        return scheme.equals("https") ? 443 : 80;
    }

    /** Whether it allows a request; {@code host} is in lower case. */
    public boolean allows(String method, String otherScheme, String otherHost, int otherPort, String otherPath) {
        boolean below = host.startsWith("*.") && otherHost.endsWith(host.substring(1)) && otherHost.length() > host.length() - 1;
        return methods.contains(method) && scheme.equals(otherScheme) && (host.equals(otherHost) || below) && port == otherPort
                && under(otherPath);
    }

    /** A path that is no folder stands for itself and what is below it. */
    private boolean under(String other) {
        return other.startsWith(path)
                && (path.endsWith("/") || other.length() == path.length() || other.charAt(path.length()) == '/');
    }

    /** The names of the secrets that it uses, which guests are not given. */
    public Set<String> secrets() {
        Set<String> names = new LinkedHashSet<>();
        for (String value : headers.values()) {
            SECRET.matcher(value).results().forEach(r -> names.add(r.group(1)));
        }
        return names;
    }

    /** The headers with the secrets in their places. */
    public Map<String, String> headers(Map<String, String> secrets) {
        Map<String, String> all = new LinkedHashMap<>();
        headers.forEach((name, value) -> all.put(name, filled(value, secrets)));
        return all;
    }

    private static String filled(String value, Map<String, String> secrets) {
        return SECRET.matcher(value).replaceAll(r -> Matcher.quoteReplacement(secrets.getOrDefault(r.group(1), "")));
    }
}
