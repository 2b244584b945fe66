package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelStatus;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.AuditTrail;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.GuestValues;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.admin.SpendWatch;
import ai.realm.server.config.AccountSettings;
import ai.realm.server.config.ServerSettings;
import ai.realm.server.http.json.Json;
import ai.realm.server.metrics.ServerMetrics;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.Meters;
import ai.realm.server.tenant.TenantGate;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.tenant.Tenants;
import java.io.ByteArrayOutputStream;
import ai.realm.server.tracing.RequestTracer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's own first requests, before it is ready: through HTTP, JSON, a tenant's gate, a guest and the engine to an answer and
 * its account, so that no client waits for code that runs for the first time. They go to a second HTTP server on a free port of this
 * machine, whose tenant, key, accounts and metrics end with it. Models, sessions and the guest host are the real ones; they neither
 * log nor count these requests and keep nothing of them. A warm-up that fails leaves a warning in the log and nothing else. Used by
 * the thread that starts the server, for a bounded time.
 */
public final class RequestWarmUp implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RequestWarmUp.class);
    private static final String ID = "warm-up";
    private static final String COMPLETIONS = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";
    /** An answer that takes longer is cut: a slow machine serves its first requests slowly, but it serves. */
    private static final Duration LIMIT = Duration.ofSeconds(2);
    /** After it no further request is begun. */
    private static final Duration ENOUGH = Duration.ofSeconds(1);
    private static final int TOKENS = 6;

    private final ModelStore store;
    private final List<String> models;
    private final String key = ApiKeys.generate();
    private final ActiveRequests active = new ActiveRequests();
    private final InetAddress host = InetAddress.getLoopbackAddress();
    private @Nullable Database database;
    private @Nullable HttpServer server;
    private int port;
    private boolean failed;

    private RequestWarmUp(ModelStore store, List<String> models) {
        this.store = store;
        this.models = models;
    }

    /**
     * Opens the second server and sends it a request that it refuses, for which no model has to be there.
     *
     * @param real what the server that is about to be ready works with
     * @param models names of those that will be answered with
     */
    public static RequestWarmUp begin(ServerSettings settings, HttpServer.Services real, List<String> models) {
        RequestWarmUp warmUp = new RequestWarmUp(real.models(), models);
        warmUp.attempt(() -> {
            warmUp.open(settings, real);
            warmUp.ask(COMPLETIONS, "{\"model\":\"\",\"prompt\":\"\"}", 404);
        });
        return warmUp;
    }

    private void open(ServerSettings settings, HttpServer.Services real) {
        Database scratch = Database.inMemory();
        database = scratch;
        TenantLimits limits = new TenantLimits(0, 0, 0, 8, 0, 100, 1 << 10, LIMIT);
        Tenants tenants = new Tenants(List.of(new Tenant(ID, ID, List.of(ApiKeys.hash(key)), false, models,
                models.isEmpty() ? "" : models.getFirst(), Tenant.DEFAULT_GUEST, Map.of(), GuestLimits.defaults(), limits, 1,
                Priority.INTERACTIVE)));
        Accounts accounts = new Accounts(scratch, Clock.systemUTC());
        TenantGate gate = new TenantGate(tenants, 8, Meters.local(System::nanoTime, Clock.systemUTC(), _ -> 0));
        TenantGuests guests = new TenantGuests(real.guestHost(), new GuestVersions(scratch), new GuestValues(scratch));
        server = new HttpServer(settings.withHost(host.getHostAddress()).withPort(0).withManagement(null)
                .withApi(settings.api().withTls(null)),
                new HttpServer.Services(real.models(), real.sessions(), real.guestHost(), guests, gate, new Readiness(), active,
                        accounts, new ServerMetrics(), real.registry(), new AdminGate(null),
                        new Operations(new AuditTrail(scratch, Clock.systemUTC(), LIMIT), null,
                                new SpendWatch(accounts, Clock.systemUTC(), AccountSettings.DEFAULTS, (_, _, _) -> {}),
                                RequestTracer.OFF),
                        real.admin(), real.modelAdmin(), TenantStores.of(scratch, accounts, Clock.systemUTC()), tenants,
                        real.outbound(), true));
        port = server.start();
    }

    /** Answers with the first of the models that generates text, once all are loaded. */
    public void answer() {
        if (failed) {
            return;
        }
        attempt(() -> {
            for (ModelStatus status : store.list()) {
                if (models.contains(status.name()) && status.state() == ModelStatus.State.READY && answer(status.name())) {
                    return;
                }
            }
        });
    }

    /** Whether the model could be asked for text. */
    private boolean answer(String name) throws IOException {
        try (ModelLease model = store.lease(name, LIMIT)) {
            if (model.isEncoder() || model.tokenizer() == null) {
                return false;
            }
            answer(model);
            return true;
        }
    }

    private void answer(ModelLease model) throws IOException {
        long begun = System.nanoTime();
        String name = Json.mapper().writeValueAsString(model.name());
        String length = ",\"max_tokens\":" + TOKENS;
        int asked = 0;
        if (model.chatTemplate() != null) {
            ask(CHAT,
                    "{\"model\":" + name + length + ",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}",
                    200);
            asked++;
        }
        for (boolean stream : asked > 0 ? new boolean[]{false} : new boolean[]{false, true}) {
            if (System.nanoTime() - begun < ENOUGH.toNanos()) {
                ask(COMPLETIONS, "{\"model\":" + name + length + ",\"stream\":" + stream
                        + ",\"temperature\":0,\"prompt\":\"Hello\"}", 200);
                asked++;
            }
        }
        LOG.info("model={} warmed up requests={} ms={}", model.name(), asked, (System.nanoTime() - begun) / 1_000_000);
    }

    /** What may fail. */
    private interface Attempt {
        void run() throws IOException;
    }

    private void attempt(Attempt part) {
        try {
            part.run();
        } catch (IOException | RuntimeException e) {
            failed = true;
            LOG.warn("the warm-up of requests failed, the first ones will be slow cause={}", e.toString());
        }
    }

    private void ask(String path, String json, int wanted) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        long end = System.nanoTime() + LIMIT.toNanos();
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), millisUntil(end));
            socket.getOutputStream().write(("POST " + path + " HTTP/1.1\r\nHost: " + ID + "\r\nAuthorization: Bearer " + key
                    + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length + "\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().write(body);
            String answer = read(socket, end);
            if (!answer.startsWith("HTTP/1.1 " + wanted + " ")) {
                throw new IOException(path + " was answered with " + answer.lines().findFirst().orElse("nothing"));
            }
        }
    }

    private static String read(Socket socket, long end) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[4096];
        while (!isWhole(all.toString(StandardCharsets.ISO_8859_1))) {
            socket.setSoTimeout(millisUntil(end));
            int n = socket.getInputStream().read(buffer);
            if (n < 0) {
                break;
            }
            all.write(buffer, 0, n);
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    private static boolean isWhole(String answer) {
        int body = answer.indexOf("\r\n\r\n") + 4;
        if (body < 4) {
            return false;
        }
        String headers = answer.substring(0, body).toLowerCase(Locale.ROOT);
        int length = headers.indexOf("content-length: ");
        return length < 0
                ? answer.endsWith("\r\n0\r\n\r\n")
                : answer.length() - body >= Integer.parseInt(headers.substring(length + 16, headers.indexOf('\r', length)));
    }

    private static int millisUntil(long end) throws SocketTimeoutException {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            throw new SocketTimeoutException("it took longer than " + LIMIT.toMillis() + " ms");
        }
        return (int) left;
    }

    /** Ends the second server; its tenant and key are gone. */
    @Override
    public void close() {
        active.cancelAll(ErrorCode.CANCELLED, "the warm-up has ended");
        attempt(() -> {
            if (server != null) {
                server.close();
            }
            if (database != null) {
                database.close();
            }
        });
    }
}
