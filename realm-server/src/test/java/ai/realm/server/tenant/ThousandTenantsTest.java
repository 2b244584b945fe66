package ai.realm.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.GuestValues;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.domain.Tenant;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A thousand tenants on one guest module cost little memory: the module is compiled once for all. */
@Timeout(120)
class ThousandTenantsTest {
    private static final int TENANTS = 1_000;
    private static final long MOST_BYTES = 64L << 20;

    @Test
    void tenants_aThousandOnOneModule_growTheHeapByLessThan64Megabytes() {
        try (Database database = Database.inMemory();
                GuestHost host = GuestHost.start(_ -> {
                    throw new IllegalStateException("no model here");
                }, GuestHostOptions.defaults())) {
            Tenants tenants = new Tenants(List.of());
            TenantGuests guests = new TenantGuests(host, new GuestVersions(database), new GuestValues(database));
            Set<GuestModule> modules = new HashSet<>();
            modules.add(guests.load(TenantsTest.tenant("first", "key-first")));
            long before = usedHeap();
            for (int i = 0; i < TENANTS; i++) {
                Tenant tenant = TenantsTest.tenant("tenant-" + i, "key-" + i);
                tenants.put(tenant);
                modules.add(guests.load(tenant));
                assertThat(guests.store(tenant).set(new byte[]{1}, new byte[100])).isTrue();
            }
            long grown = usedHeap() - before;
            assertThat(modules).extracting(GuestModule::digest).containsOnly(modules.iterator().next().digest());
            assertThat(tenants.byKey("key-999")).isNotNull().extracting(Tenant::id).isEqualTo("tenant-999");
            assertThat(grown).as("bytes of heap").isLessThan(MOST_BYTES);
            Reference.reachabilityFence(guests);
        }
    }

    private static long usedHeap() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }
}
