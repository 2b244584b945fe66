/**
 * OpenAI's Responses: their shape, what is stored of them, and conversations.
 *
 * <p>May use {@code http.openai}, what that may use, and {@code server.accounts}. Runs on the request's virtual thread.
 */
@NullMarked
package ai.realm.server.http.openai.responses;

import org.jspecify.annotations.NullMarked;
