/**
 * JSON from clients, read within bounds, field by field, and JSON to them. A field that nobody took can be named.
 *
 * <p>May use {@code core.error} only. Runs on the request's virtual thread; a reader belongs to one request.
 */
@NullMarked
package ai.realm.server.http.json;

import org.jspecify.annotations.NullMarked;
