package ai.realm.server.outbound;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestOutside.HttpAsk;
import ai.realm.runtime.guest.GuestOutside.HttpTrouble;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.domain.HttpRule;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantLimits;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells addresses of the operator's what has happened, by the same ways and rules as guests' requests: public addresses only, unless the
 * operator says otherwise, within a time and a number of tries. Thread-safe.
 */
public final class Webhooks {
    /** {@code sha256=} and the HMAC of the body in hexadecimal digits. */
    public static final String SIGNATURE = "x-realm-signature";

    private static final Logger LOG = LoggerFactory.getLogger(Webhooks.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final List<Duration> PAUSES = List.of(Duration.ZERO, Duration.ofSeconds(2), Duration.ofSeconds(20));
    private static final Pattern PATH = Pattern.compile("(https?://[^/\\s]+)/\\S*?(?=:?(?:\\s|$))");
    private static final long MILLIS = 10_000;
    private static final int MOST_ANSWER = 64 << 10;
    private static final int MOST_UNDER_WAY = 32;

    private final OutboundHttp http;
    private final List<Duration> pauses;
    private final Semaphore places = new Semaphore(MOST_UNDER_WAY);

    public Webhooks(OutboundHttp http) {
        this(http, PAUSES);
    }

    /** @param pauses before each try */
    Webhooks(OutboundHttp http, List<Duration> pauses) {
        this.http = http;
        this.pauses = pauses;
    }

    /**
     * Sends on a thread of its own; what cannot be delivered is said in the log, without the address's path, which is often all that
     * somebody needs to write there.
     *
     * @param secret signs the body; null for no signature
     * @param delivered runs when it was taken
     */
    public void send(HttpRule to, @Nullable String secret, ObjectNode body, Runnable delivered) {
        if (!places.tryAcquire()) {
            LOG.error("a webhook was not told, as too many are under way host={}", to.host());
            return;
        }
        Thread.ofVirtual().name("webhook").start(() -> {
            try {
                if (deliver(to, ask(to, secret, body.toString().getBytes(StandardCharsets.UTF_8)))) {
                    delivered.run();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                places.release();
            }
        });
    }

    private static HttpAsk ask(HttpRule to, @Nullable String secret, byte[] body) {
        ObjectNode json = JSON.createObjectNode().put("method", "POST").put("url", to.url());
        ObjectNode headers = json.putObject("headers").put("content-type", "application/json");
        if (secret != null) {
            headers.put(SIGNATURE, "sha256=" + hmac(secret, body));
        }
        return new HttpAsk(json.toString(), body, MOST_ANSWER, MILLIS);
    }

    static String hmac(String secret, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(body));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HMAC with SHA-256", e);
        }
    }

    private boolean deliver(HttpRule to, HttpAsk ask) throws InterruptedException {
        Tenant operator = new Tenant("operator", "operator", List.of(), Map.of(), false, List.of(), "", Tenant.DEFAULT_GUEST,
                Map.of(),
                Set.of(), List.of(to), Map.of(), GuestLimits.defaults(), TenantLimits.defaults(), 1, Priority.INTERACTIVE);
        String trouble = "";
        for (Duration pause : pauses) {
            Thread.sleep(pause);
            try {
                int status = http.send(operator, ask).status();
                if (status / 100 == 2) {
                    return true;
                }
                trouble = "it answered " + status;
            } catch (HttpTrouble | RealmException e) {
                trouble = PATH.matcher(String.valueOf(e.getMessage())).replaceAll("$1/…");
            }
        }
        LOG.error("a webhook was not told host={} tries={} cause={}", to.host(), pauses.size(), trouble);
        return false;
    }
}
