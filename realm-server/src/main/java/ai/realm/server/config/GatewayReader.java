package ai.realm.server.config;

import static ai.realm.server.domain.Checks.bad;
import static ai.realm.server.domain.Checks.or;

import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.domain.AddressRange;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads {@code server.gateway}. */
final class GatewayReader {
    private static final Pattern HEADER = Pattern.compile("[a-z0-9-]{1,64}");
    private static final Pattern OBJECTIVE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,252}");
    /** What clients or proxies send with another meaning. */
    private static final Set<String> TAKEN = Set.of("authorization", "x-api-key", "host", "x-forwarded-for", "forwarded",
            "x-request-id", "traceparent", "content-length", "content-type", "origin", "cookie");

    private GatewayReader() {
    }

    static GatewaySettings gateway(RealmYaml.@Nullable Gateway g) {
        if (g == null) {
            return GatewaySettings.NONE;
        }
        List<AddressRange> addresses = or(g.addresses(), List.<String>of()).stream()
                .map(a -> AddressRange.parse("server.gateway.addresses", a)).toList();
        String header = or(g.tenantHeader(), GatewaySettings.TENANT_HEADER).toLowerCase(Locale.ROOT);
        if (!HEADER.matcher(header).matches() || TAKEN.contains(header)) {
            throw bad("server.gateway.tenant_header must be a header that has no other meaning, not " + header);
        }
        Map<String, Priority> objectives = new LinkedHashMap<>();
        or(g.objectives(), Map.<String, String>of()).forEach((name, priority) -> {
            Priority p = priority == null ? null : Priority.of(priority);
            if (p == null || !OBJECTIVE.matcher(name).matches()) {
                throw bad(
                        "server.gateway.objectives: a name has the priority interactive or batch, not " + name + ": " + priority);
            }
            objectives.put(name, p);
        });
        return new GatewaySettings(addresses, or(g.certificates(), false), header, objectives);
    }
}
