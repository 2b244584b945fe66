/**
 * Everything that runs models, put together from plain options: the one entry for a server.
 *
 * <p>May use all of {@code runtime} and {@code core}. Opened and closed by the thread that starts the server; what it gives out
 * may be used by any thread.
 */
@NullMarked
package ai.realm.runtime;

import org.jspecify.annotations.NullMarked;
