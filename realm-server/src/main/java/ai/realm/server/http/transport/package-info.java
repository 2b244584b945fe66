/** The HTTP connection, its bytes and its bounds: bodies, connections, clients that go away, request ids; nothing of models. */
@NullMarked
package ai.realm.server.http.transport;

import org.jspecify.annotations.NullMarked;
