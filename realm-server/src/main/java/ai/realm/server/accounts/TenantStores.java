package ai.realm.server.accounts;

import java.time.Clock;

/** What tenants keep in the server's database by its API. */
public record TenantStores(StoredResponses responses, Conversations conversations) {
    public static TenantStores of(Database database, Clock clock) {
        return new TenantStores(new StoredResponses(database, clock), new Conversations(database, clock));
    }
}
