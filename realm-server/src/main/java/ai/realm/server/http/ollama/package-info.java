/**
 * Ollama's API: chat, generate, embed, and what it tells of the models.
 *
 * <p>May use {@code http.inference}, {@code http.json} and {@code http.transport}; no other API's shape. Runs on the request's
 * virtual thread.
 */
@NullMarked
package ai.realm.server.http.ollama;

import org.jspecify.annotations.NullMarked;
