package ai.realm.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantLimits;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TenantsTest {
    static Tenant tenant(String id, String... keys) {
        return new Tenant(id, id, java.util.Arrays.stream(keys).map(ApiKeys::hash).toList(), false, List.of("m"), "m",
                Tenant.DEFAULT_GUEST, Map.of(), GuestLimits.defaults(), TenantLimits.defaults(), 1,
                Priority.INTERACTIVE);
    }

    @Test
    void byKey_findsTheOwnerOfEachOfItsKeys() {
        Tenants tenants = new Tenants(List.of(tenant("a", "k1", "k2"), tenant("b", "k3")));
        assertThat(tenants.byKey("k2")).isNotNull().extracting(Tenant::id).isEqualTo("a");
        assertThat(tenants.byKey("k3")).isNotNull().extracting(Tenant::id).isEqualTo("b");
        assertThat(tenants.byKey("k4")).isNull();
        assertThat(tenants.byKey("a")).as("an id is no key").isNull();
        assertThat(tenants.byKey(ApiKeys.hash("k1"))).as("a hash is no key").isNull();
    }

    @Test
    void put_andRemove_applyAtOnce() {
        Tenants tenants = new Tenants(List.of(tenant("a", "k1")));
        tenants.put(tenant("a", "k2"));
        assertThat(tenants.byKey("k1")).isNull();
        assertThat(tenants.byKey("k2")).isNotNull();
        assertThat(tenants.remove("a")).isTrue();
        assertThat(tenants.remove("a")).isFalse();
        assertThat(tenants.byKey("k2")).isNull();
    }

    @Test
    void generate_twice_givesDifferentKeysThatAreNotTheirHashes() {
        String key = ApiKeys.generate();
        assertThat(key).startsWith("rk-").hasSizeGreaterThan(32).isNotEqualTo(ApiKeys.generate());
        assertThat(ApiKeys.hash(key)).matches("sha256:[0-9a-f]{64}").doesNotContain(key);
    }

    @Test
    void check_ofAPlainKey_isRefusedWithoutRepeatingIt() {
        assertThatThrownBy(() -> ApiKeys.check("tenants[0].keys", "rk-secret")).isInstanceOf(RealmException.class)
                .hasMessageContaining("tenants[0].keys").hasMessageNotContaining("rk-secret");
    }

    @Test
    void kvStore_pastItsBudget_changesNothing() {
        MemoryKvStore store = new MemoryKvStore(200);
        byte[] key = {1, 2};
        assertThat(store.set(key, new byte[198])).isTrue();
        assertThat(store.set(new byte[]{3}, new byte[1])).isFalse();
        assertThat(store.set(key, new byte[199])).isFalse();
        assertThat(store.get(key)).hasSize(198);
        assertThat(store.delete(key)).isTrue();
        assertThat(store.delete(key)).isFalse();
        assertThat(store.set(new byte[]{3}, new byte[199])).isTrue();
    }
}
