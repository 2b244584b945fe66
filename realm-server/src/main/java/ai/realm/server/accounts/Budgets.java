package ai.realm.server.accounts;

/** Where servers share what their tenants may use. Thread-safe. */
@FunctionalInterface
public interface Budgets {
    /**
     * Carries an order out at once, for one server after the other.
     *
     * @throws ai.realm.core.error.RealmException STORAGE_UNAVAILABLE; then it may have been done or not
     */
    Budget.Answer exchange(String tenant, Budget.Order order);
}
