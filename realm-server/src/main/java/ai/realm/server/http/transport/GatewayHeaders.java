package ai.realm.server.http.transport;

import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.config.GatewaySettings;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a gateway says of a request: its tenant, when the gateway is one that may, its objective, the flow that it is fair to, its trace.
 * Immutable.
 */
public final class GatewayHeaders {
    private static final String OBJECTIVE = "x-gateway-inference-objective";
    private static final String FAIRNESS = "x-gateway-inference-fairness-id";
    private static final String TENANT = "realm.gateway-tenant";
    private static final String PRIORITY = "realm.gateway-priority";
    private static final String TRACE = "realm.trace";
    private static final Pattern FIT = Pattern.compile("[A-Za-z0-9._:/@-]{1,128}");

    private final GatewaySettings settings;

    public GatewayHeaders(GatewaySettings settings) {
        this.settings = settings;
    }

    /** Reads them once for a request. */
    public void read(Context ctx) {
        String tenant = settings.trustsAnybody() ? ctx.header(settings.tenantHeader()) : null;
        if (tenant != null && !tenant.isBlank() && isTrusted(ctx)) {
            ctx.attribute(TENANT, tenant.strip());
        }
        String objective = settings.objectives().isEmpty() ? null : ctx.header(OBJECTIVE);
        if (objective != null) {
            ctx.attribute(PRIORITY, settings.objectives().get(objective.strip()));
        }
        TraceParent trace = TraceParent.parse(ctx.header(TraceParent.HEADER));
        if (trace != null) {
            // Whoever may have all requests traced can fill the tracer's queue, in which others' are lost.
            ctx.attribute(TRACE, isTrusted(ctx) ? trace : trace.ofAnybody());
        }
    }

    /** The connection's own address counts, and nothing that a header says of where a request came from. */
    private boolean isTrusted(Context ctx) {
        if (!settings.trustsAnybody()) {
            return false;
        }
        if (settings.certificates() && Tls.hasClientCertificate(ctx.req())) {
            return true;
        }
        try {
            return settings.trusts(InetAddress.getByName(ctx.req().getRemoteAddr()));
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** Whose request it is, as a trusted gateway says; null when none did. */
    static @Nullable String tenant(Context ctx) {
        return ctx.attribute(TENANT);
    }

    /** What the request's objective stands for; null when it has none that is known. */
    public static @Nullable Priority priority(Context ctx) {
        return ctx.attribute(PRIORITY);
    }

    public static @Nullable TraceParent trace(Context ctx) {
        return ctx.attribute(TRACE);
    }

    /** The flow that the gateway is fair to, for logs; null when it named none that is fit for them. */
    public static @Nullable String flow(Context ctx) {
        String id = ctx.header(FAIRNESS);
        return id != null && FIT.matcher(id).matches() ? id : null;
    }
}
