package ai.realm.server.config;

import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.domain.AddressRange;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/**
 * A gateway in front of the server, which knows its clients and names their tenants.
 *
 * @param addresses whose requests may name a tenant instead of a key; empty: nobody's
 * @param certificates whether connections with a certificate of {@code server.tls.client_ca} may, too
 * @param tenantHeader where the tenant's id is, lower case
 * @param objectives the priority that each name in {@code x-gateway-inference-objective} stands for
 */
public record GatewaySettings(List<AddressRange> addresses, boolean certificates, String tenantHeader,
        Map<String, Priority> objectives) {
    static final String TENANT_HEADER = "x-realm-tenant";

    /** Trusts nobody. */
    public static final GatewaySettings NONE = new GatewaySettings(List.of(), false, TENANT_HEADER, Map.of());

    public GatewaySettings {
        addresses = List.copyOf(addresses);
        objectives = Map.copyOf(objectives);
    }

    /** Whether anybody may name tenants. */
    public boolean trustsAnybody() {
        return certificates || !addresses.isEmpty();
    }

    /** Whether a connection from there may name tenants. */
    public boolean trusts(InetAddress address) {
        return addresses.stream().anyMatch(r -> r.contains(address));
    }
}
