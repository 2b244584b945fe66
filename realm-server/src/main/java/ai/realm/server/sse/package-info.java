/**
 * Streams to clients: server-sent events and lines of JSON, piece by piece.
 *
 * <p>May use {@code runtime}. A stream belongs to its request's thread, which alone writes to the client.
 */
@NullMarked
package ai.realm.server.sse;

import org.jspecify.annotations.NullMarked;
