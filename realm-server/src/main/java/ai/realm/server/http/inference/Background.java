package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;

/** A request that goes on without its client: what takes its answer instead of the client's connection. */
public interface Background {
    /** Where the request is answered; of one thread, another than the client's. */
    Exchange exchange();

    /**
     * Waits until the request is under way and tells the client so. On the client's thread.
     *
     * @throws RealmException why it is not
     */
    void tell(Exchange client);
}
