/**
 * What is changed while the server runs: by its own admin API, and by other servers on the same database.
 *
 * <p>May use {@code server.domain}, {@code server.config}, {@code server.accounts}, {@code server.tenant}, {@code server.model} and
 * {@code server.error}. Changes run on the thread of the admin's request; the change follower has a virtual thread of its own.
 */
@NullMarked
package ai.realm.server.admin;

import org.jspecify.annotations.NullMarked;
