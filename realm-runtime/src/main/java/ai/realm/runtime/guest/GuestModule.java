package ai.realm.runtime.guest;

/** A module that was checked and compiled. Immutable, shared by the tenants that have the same bytes. */
public interface GuestModule {
    /** SHA-256 of the module's bytes in hexadecimal: the guest's version in logs, metrics and accounts. */
    String digest();

    int abiVersion();
}
