package ai.realm.server.outbound;

import ai.realm.runtime.guest.GuestOutside.HttpAsk;
import ai.realm.runtime.guest.GuestOutside.HttpReply;
import ai.realm.runtime.guest.GuestOutside.HttpTrouble;
import ai.realm.runtime.guest.GuestOutside.HttpTrouble.Kind;
import ai.realm.server.domain.HttpRule;
import ai.realm.server.domain.HttpUrl;
import ai.realm.server.domain.Tenant;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** One request of a guest, with the redirects that it leads to: each is held to the tenant's rules and to addresses that it may reach. */
final class OutboundRequest {
    private static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
    private static final Set<String> FIELDS = Set.of("method", "url", "headers");
    private static final int MAX_REDIRECTS = 5;
    private static final int MAX_HEADERS = 64;
    private static final int MAX_HEADER_CHARS = 16 << 10;

    private final Tenant tenant;
    private final HttpAsk ask;
    private final OutboundHttp.Names names;
    private final SSLSocketFactory tls;
    private final long endNanos;
    private String method = "";
    private byte[] body;
    private Map<String, String> headers = Map.of();
    private HttpUrl target;
    private volatile @Nullable HttpOnce running;
    private volatile boolean aborted;

    /** @throws HttpTrouble when it is not as it must be */
    OutboundRequest(Tenant tenant, HttpAsk ask, OutboundHttp.Names names, SSLSocketFactory tls) {
        this.tenant = tenant;
        this.ask = ask;
        this.names = names;
        this.tls = tls;
        this.endNanos = System.nanoTime() + ask.millis() * 1_000_000;
        this.body = ask.body();
        JsonNode json = parsed();
        this.target = url(() -> HttpUrl.of(json.path("url").asText()));
        this.method = json.path("method").asText(body.length == 0 ? "GET" : "POST").toUpperCase(Locale.ROOT);
        readHeaders(json.path("headers"));
    }

    private static HttpTrouble bad(String why) {
        return new HttpTrouble(Kind.BAD_REQUEST,
                "a request is JSON as {\"url\": \"https://…\", \"method\": \"GET\", \"headers\": {}}: " + why);
    }

    private static HttpUrl url(Supplier<HttpUrl> read) {
        try {
            return read.get();
        } catch (IllegalArgumentException e) {
            throw new HttpTrouble(Kind.BAD_REQUEST, "url " + e.getMessage());
        }
    }

    private JsonNode parsed() {
        try {
            JsonNode json = JSON.readTree(ask.json());
            if (!json.isObject() || !json.path("url").isTextual()) {
                throw bad("url is missing");
            }
            json.fieldNames().forEachRemaining(name -> {
                if (!FIELDS.contains(name)) {
                    throw bad("there are no other fields");
                }
            });
            return json;
        } catch (JsonProcessingException e) {
            throw bad("it is not JSON");
        }
    }

    private void readHeaders(JsonNode given) {
        if (!given.isMissingNode() && !given.isObject() || given.size() > MAX_HEADERS) {
            throw bad("headers must be an object of at most " + MAX_HEADERS + " texts");
        }
        Map<String, String> read = new LinkedHashMap<>();
        int chars = 0;
        for (Map.Entry<String, JsonNode> h : given.properties()) {
            String value = h.getValue().asText();
            chars += h.getKey().length() + value.length();
            if (!h.getValue().isTextual() || !HttpRule.isHeader(h.getKey()) || !HttpRule.isHeaderValue(value)
                    || chars > MAX_HEADER_CHARS) {
                throw bad(
                        "a header is one line of ASCII, is not the host's own, and all have " + MAX_HEADER_CHARS + " characters");
            }
            read.put(h.getKey(), value);
        }
        headers = read;
    }

    /** Where it goes now, without the query. */
    String shown() {
        return target.shown();
    }

    /** @throws HttpTrouble when no rule allows it */
    void check() {
        rule();
    }

    private HttpRule rule() {
        return tenant.guestHttp().stream()
                .filter(r -> r.allows(method, target.scheme(), target.host(), target.port(), target.path())).findFirst()
                .orElseThrow(() -> new HttpTrouble(Kind.NOT_GRANTED,
                        "no rule of guest_http allows " + (method.matches("[A-Z]{1,10}") ? method : "this method") + " "
                                + shown()));
    }

    void abort() {
        aborted = true;
        HttpOnce once = running;
        if (once != null) {
            once.abort();
        }
    }

    /** On a thread of its own: to the answer that is no redirect. */
    HttpReply send() {
        for (int i = 0; i <= MAX_REDIRECTS; i++) {
            HttpRule rule = rule();
            HttpOnce.Answer answer = once(rule);
            String location = answer.headers().get("location");
            if (answer.status() / 100 != 3 || answer.status() == 304 || location == null) {
                return reply(answer);
            }
            follow(answer.status(), location);
        }
        throw new HttpTrouble(Kind.FAILED, shown() + ": more than " + MAX_REDIRECTS + " redirects");
    }

    private void follow(int status, String location) {
        HttpUrl from = target;
        target = url(() -> from.redirected(location));
        if (!from.isSameOrigin(target)) {
            // What was meant for one host is no other's affair.
            headers = Map.of();
        }
        if (status != 307 && status != 308 && !method.equals("HEAD")) {
            method = "GET";
            body = new byte[0];
        }
    }

    private HttpOnce.Answer once(HttpRule rule) {
        InetAddress[] addresses = addresses(rule);
        HttpTrouble trouble = null;
        for (InetAddress address : addresses) {
            HttpOnce once = new HttpOnce(tls, endNanos, ask.maxBytes());
            running = once;
            if (aborted) {
                once.abort();
            }
            try {
                return once.exchange(target, address, method, head(rule), body);
            } catch (ConnectException e) {
                trouble = trouble(Kind.FAILED, "it cannot be connected to");
            } catch (IOException e) {
                throw trouble(e);
            }
        }
        throw trouble != null ? trouble : trouble(Kind.FAILED, "its name has no address");
    }

    /** Those that are connected to: nothing is looked up again. */
    private InetAddress[] addresses(HttpRule rule) {
        InetAddress[] all;
        try {
            all = names.find(target.host());
        } catch (UnknownHostException e) {
            throw trouble(Kind.FAILED, "its name is not known");
        }
        if (!rule.privateAddresses() && !Arrays.stream(all).allMatch(PublicAddresses::holds)) {
            throw trouble(Kind.NOT_GRANTED, "its address is not a public one, which its rule in guest_http does not allow");
        }
        return all;
    }

    private HttpTrouble trouble(Kind kind, String what) {
        return new HttpTrouble(kind, shown() + ": " + what);
    }

    private HttpTrouble trouble(IOException e) {
        return switch (e) {
            case SocketTimeoutException _ -> trouble(Kind.TOO_LATE, "no answer in " + ask.millis() + " ms");
            case HttpOnce.TooLarge _ -> trouble(Kind.TOO_LARGE, "the answer has more than " + ask.maxBytes() + " bytes");
            case SSLException _ -> trouble(Kind.FAILED, "no secure connection can be made");
            case EOFException _ -> trouble(Kind.FAILED, "the answer breaks off");
            default ->
                trouble(Kind.FAILED, e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : "the connection broke");
        };
    }

    private byte[] head(HttpRule rule) {
        StringBuilder head = new StringBuilder(method).append(' ').append(target.file()).append(" HTTP/1.1\r\nHost: ")
                .append(target.hostAndPort()).append("\r\nAccept-Encoding: identity\r\nConnection: close\r\n");
        Map<String, String> own = rule.headers(tenant.guestConfig());
        List<String> set = new ArrayList<>();
        own.forEach((name, value) -> {
            set.add(name.toLowerCase(Locale.ROOT));
            head.append(name).append(": ").append(value).append("\r\n");
        });
        headers.forEach((name, value) -> {
            if (!set.contains(name.toLowerCase(Locale.ROOT))) {
                head.append(name).append(": ").append(value).append("\r\n");
            }
        });
        if (body.length > 0 || !method.equals("GET") && !method.equals("HEAD")) {
            head.append("Content-Length: ").append(body.length).append("\r\n");
        }
        return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A host that sends back what it got does not tell the guest the secret. */
    private HttpReply reply(HttpOnce.Answer answer) {
        byte[] shown = answer.body().clone();
        ObjectNode json = JSON.createObjectNode();
        List<String> secrets = tenant.hostSecrets().stream().map(name -> tenant.guestConfig().getOrDefault(name, ""))
                .filter(s -> !s.isEmpty()).toList();
        for (String secret : secrets) {
            blank(shown, secret.getBytes(StandardCharsets.ISO_8859_1));
        }
        answer.headers().forEach((name, value) -> {
            String clean = value;
            for (String secret : secrets) {
                clean = clean.replace(secret, "*");
            }
            json.put(name, clean);
        });
        return new HttpReply(answer.status(), json.toString(), shown);
    }

    private static void blank(byte[] in, byte[] secret) {
        for (int at = 0; at + secret.length <= in.length; at++) {
            if (Arrays.equals(in, at, at + secret.length, secret, 0, secret.length)) {
                Arrays.fill(in, at, at + secret.length, (byte) '*');
            }
        }
    }
}
