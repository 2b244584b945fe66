/** OpenAI's completions, chat, embeddings and models, with what vLLM and llama.cpp add to them. */
@NullMarked
package ai.realm.server.http.openai;

import org.jspecify.annotations.NullMarked;
