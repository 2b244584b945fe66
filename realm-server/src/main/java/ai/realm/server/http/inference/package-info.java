/**
 * The seam between API shapes and the model: what a request asks for, checked, run in a guest, and answered by events that a
 * shape writes.
 *
 * <p>May use {@code http.json}, {@code http.transport}, {@code server.tenant} and {@code runtime}; no API's shape. Runs on the
 * request's virtual thread; choices side by side have a virtual thread each, guests a platform thread each.
 */
@NullMarked
package ai.realm.server.http.inference;

import org.jspecify.annotations.NullMarked;
