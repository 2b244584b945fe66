/**
 * The routes put together, the admin API, usage, readiness, and the warm-up of requests before the server is ready.
 *
 * <p>May use everything of the server but {@code cli}. Each request has a virtual thread; the warm-up runs on the thread that
 * starts the server.
 */
@NullMarked
package ai.realm.server.http;

import org.jspecify.annotations.NullMarked;
