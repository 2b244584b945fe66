/**
 * OpenAI's completions, chat, embeddings and models, with what vLLM and llama.cpp add to them.
 *
 * <p>May use {@code http.inference}, {@code http.json} and {@code http.transport}; no other API's shape. Runs on the request's
 * virtual thread.
 */
@NullMarked
package ai.realm.server.http.openai;

import org.jspecify.annotations.NullMarked;
