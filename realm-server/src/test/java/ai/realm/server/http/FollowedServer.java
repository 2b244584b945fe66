package ai.realm.server.http;

import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.accounts.ChangeLog;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.GuestValues;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.accounts.TenantStore;
import ai.realm.server.admin.AdminService;
import ai.realm.server.admin.ChangeFollower;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.model.ModelService;
import ai.realm.server.tenant.ActiveRequests;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.tenant.Tenants;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What one server holds of the tenants in a database that others use too, without HTTP; it follows them when it is asked to. */
final class FollowedServer implements AutoCloseable {
    final Database database;
    final FakeModels models = new FakeModels();
    final ActiveRequests active = new ActiveRequests();
    final Tenants tenants;
    final ChangeFollower follower;
    final AdminService admin;
    final TenantGuests guests;

    /** @param directory of the SQLite file that the servers share */
    FollowedServer(Path directory, String... seedKeys) {
        database = Database.open(directory);
        TenantStore store = new TenantStore(database);
        TenantStore.Opened opened = store.open(List.of(tenant("acme", seedKeys)));
        tenants = new Tenants(opened.tenants());
        guests = new TenantGuests(new FakeGuests(), new GuestVersions(database), new GuestValues(database));
        ModelRegistry registry = new ModelRegistry(Map.of(), database);
        follower = new ChangeFollower(new ChangeLog(database), store, tenants, guests,
                new ModelService(models, registry, new HttpFixture.NoFiles(), tenants), active, opened.seen());
        tenants.lookFurtherBy(follower::look);
        admin = new AdminService(store, guests, follower, models);
    }

    private static Tenant tenant(String id, String... keys) {
        return new Tenant(id, id, List.of(keys).stream().map(ApiKeys::hash).toList(), false, List.of("tiny"), "tiny",
                Tenant.DEFAULT_GUEST, Map.of(), GuestLimits.defaults(), TenantLimits.defaults(), 1, Priority.INTERACTIVE);
    }

    @Override
    public void close() {
        follower.close();
        database.close();
    }
}
