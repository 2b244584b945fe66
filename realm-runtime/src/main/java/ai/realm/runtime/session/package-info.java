/**
 * One generation, or one call for embeddings: the only ways into an engine. Text becomes tokens here, and tokens text.
 *
 * <p>May use {@code core}, {@code runtime.scheduler}, {@code runtime.engine}, {@code runtime.loading} and {@code runtime.store}.
 * Called by request and guest threads; the engine thread only puts tokens into a session's bounded queue.
 */
@NullMarked
package ai.realm.runtime.session;

import org.jspecify.annotations.NullMarked;
