/**
 * The page to look at, which the server serves at {@code /}: files of this package's resources, and the headers that bound what a
 * browser does with them. It calls the same routes as any other client.
 *
 * <p>May use {@code http.transport} and {@code http.json}. Everything runs on the request's virtual thread.
 */
@NullMarked
package ai.realm.server.http.page;

import org.jspecify.annotations.NullMarked;
