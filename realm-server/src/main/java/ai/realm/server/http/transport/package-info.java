/**
 * The HTTP connection, its bytes and its bounds: bodies, connections, clients that go away, CORS, request ids. It knows nothing
 * of models.
 *
 * <p>May use {@code server.error}, {@code server.config}, {@code server.tenant} and {@code http.json}. Runs on the request's
 * virtual thread. Three threads of its own time bodies and connections, and look for clients that have gone.
 */
@NullMarked
package ai.realm.server.http.transport;

import org.jspecify.annotations.NullMarked;
