package ai.realm.server.domain;

/**
 * The tenant whose requests those without a key are.
 *
 * @param id of a tenant; while there is none of that name, such requests are refused
 * @param remote whether other machines' are too
 */
public record AnonymousTenant(String id, boolean remote) {}
