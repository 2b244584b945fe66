/**
 * Tenants and models as the operator knows them, with what reads, checks and writes them in YAML and JSON.
 *
 * <p>May use {@code runtime} and {@code core}; it is below storage and configuration. Everything is immutable, so any thread may
 * use it.
 */
@NullMarked
package ai.realm.server.domain;

import org.jspecify.annotations.NullMarked;
