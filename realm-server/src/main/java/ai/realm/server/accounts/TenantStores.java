package ai.realm.server.accounts;

import java.time.Clock;

/** What tenants keep in the server's database by its API, and what their guests leave there. */
public record TenantStores(StoredResponses responses, Conversations conversations, StoredFiles files, Batches batches,
        GuestLogs guestLogs, GuestRuns guestRuns) {
    /** @param accounts where the requests of batches are accounted for */
    public static TenantStores of(Database database, Accounts accounts, Clock clock) {
        StoredFiles files = new StoredFiles(database, clock);
        return new TenantStores(new StoredResponses(database, clock), new Conversations(database, clock), files,
                new Batches(database, files, accounts, clock), new GuestLogs(database, clock), new GuestRuns(database, clock));
    }
}
