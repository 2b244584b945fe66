package ai.realm.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.GuestValues;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantReader;
import com.dylibso.chicory.wabt.Wat2Wasm;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What tenants' guests may take to be compiled. */
class TenantGuestsTest {
    private static final byte[] LARGE = Wat2Wasm.parse("(module (memory (export \"memory\") 1) "
            + "(func (export \"generate\") (param i32 i32 i32 i32) (result i32) (i32.const 8)) "
            + "(func (result i32) (i32.const 1))".repeat(5000) + ")");

    private final GuestHost host = GuestHost.start(command -> {
        throw new AssertionError("nothing is generated here");
    }, GuestHostOptions.defaults());
    private final Database database = Database.inMemory();

    @AfterEach
    void close() {
        host.close();
        database.close();
    }

    private TenantGuests guests(Map<String, Duration> configured) {
        return new TenantGuests(host, new GuestVersions(database), new GuestValues(database), configured);
    }

    /** As a database kept it. */
    private static Tenant tenant() throws Exception {
        return TenantReader.tenant(JsonMapper.builder().build().readTree("{\"id\":\"acme\",\"keys\":[\"sha256:" + "0".repeat(64)
                + "\"],\"models\":[\"m\"],\"guest_limits\":{\"compile_ms\":1}}"), java.util.Set.of("m"));
    }

    @Test
    void compileTime_raisedInTheConfiguration_reachesATenantThatTheDatabaseKept() throws Exception {
        assertThatThrownBy(() -> guests(Map.of()).compile(tenant(), LARGE)).hasMessageContaining("compile_time: 1 ms");
        assertThatThrownBy(() -> guests(Map.of("other", Duration.ofMinutes(1))).compile(tenant(), LARGE))
                .hasMessageContaining("compile_time: 1 ms");
        assertThat(guests(Map.of("acme", Duration.ofMinutes(1))).compile(tenant(), LARGE).digest()).isNotEmpty();
    }

    @Test
    void pushedGuestThatCannotBeLoaded_stopsNobodyElse() throws Exception {
        Tenant acme = tenant();
        Tenant other = TenantReader.tenant(JsonMapper.builder().build().readTree("{\"id\":\"other\",\"keys\":[\"sha256:"
                + "1".repeat(64) + "\"],\"models\":[\"m\"]}"), java.util.Set.of("m"));
        byte[] traps = Wat2Wasm.parse("(module (memory (export \"memory\") 1) "
                + "(func (export \"generate\") (param i32 i32 i32 i32) (result i32) (i32.const 8)) "
                + "(func (export \"realm_abi_version\") (result i32) (unreachable)))");
        new GuestVersions(database).push("acme", "d".repeat(64), traps, 1);
        TenantGuests guests = guests(Map.of("acme", Duration.ofMinutes(1)));
        List<String> loaded = new ArrayList<>();
        guests.loadAll(List.of(acme, other), (tenant, module) -> loaded.add(tenant.id()));
        assertThat(loaded).containsExactly("other");
        assertThatThrownBy(() -> guests.of(acme)).hasMessageContaining("refused");
    }

    @Test
    void serversOwnGuest_hasNoLimitOfCompiling() throws Exception {
        assertThat(guests(Map.of()).load(tenant()).digest()).isNotEmpty();
    }
}
