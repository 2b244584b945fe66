/**
 * OpenAI's files and batches: what tenants upload, and the requests in it, which the server runs when it has time. Owns the leases.
 *
 * <p>May use {@code http.inference}, {@code http.openai}, {@code server.accounts} and {@code server.tenant}; it knows the API's routes
 * only as frames by their paths. Routes run on the request's virtual thread, batches on virtual threads of their own.
 */
@NullMarked
package ai.realm.server.http.openai.batches;

import org.jspecify.annotations.NullMarked;
