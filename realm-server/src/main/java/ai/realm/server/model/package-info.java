/**
 * The models that a server knows, configured or registered while it runs, and the watch over their files.
 *
 * <p>May use {@code core}, {@code runtime.store}, {@code server.domain}, {@code server.accounts} and {@code server.tenant}.
 * Called by request threads and the change follower's.
 */
@NullMarked
package ai.realm.server.model;

import org.jspecify.annotations.NullMarked;
