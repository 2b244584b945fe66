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

    private static byte[] answers(int number) {
        return Wat2Wasm.parse("(module (memory (export \"memory\") 1) "
                + "(func (export \"generate\") (param i32 i32 i32 i32) (result i32) (i32.const " + number + ")))");
    }

    /** Two servers on one database: who gets which version is the same on both, from the moment that they have read of it. */
    @Test
    void requestsSharedOut_areSharedAlikeByEveryServer() throws Exception {
        Tenant acme = tenant();
        Map<String, Duration> time = Map.of("acme", Duration.ofMinutes(1));
        TenantGuests one = guests(time);
        TenantGuests two = guests(time);
        one.push(acme, answers(8), one.compile(acme, answers(8)));
        int staged = one.stage(acme, answers(16), one.compile(acme, answers(16)));
        two.loadAll(List.of(acme), (_, _) -> {});
        one.share(acme, List.of(new GuestVersions.Share(1, 70), new GuestVersions.Share(staged, 30)));
        two.refresh(acme, null);
        List<Integer> got = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            TenantGuests.Chosen chosen = one.choose(acme, null, "user-" + i);
            assertThat(two.choose(acme, null, "user-" + i).version()).isEqualTo(chosen.version());
            got.add(chosen.version());
        }
        assertThat(got).containsOnly(1, staged);
        assertThat(two.choose(acme, staged, "anybody").module().digest()).isEqualTo(one.compile(acme, answers(16)).digest());
        TenantGuests started = guests(time);
        started.loadAll(List.of(acme), (_, _) -> {});
        assertThat(started.choose(acme, null, "user-7").version()).as("a server that starts").isEqualTo(got.get(7));
        one.rollback(acme, staged);
        two.refresh(acme, null);
        assertThat(two.choose(acme, null, "user-7").version()).as("the active one").isZero();
    }

    @Test
    void serversOwnGuest_hasNoLimitOfCompiling() throws Exception {
        assertThat(guests(Map.of()).load(tenant()).digest()).isNotEmpty();
    }
}
