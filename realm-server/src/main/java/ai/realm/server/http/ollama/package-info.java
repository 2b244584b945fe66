/** Ollama's API: chat, generate, embed, and what it tells of the models. */
@NullMarked
package ai.realm.server.http.ollama;

import org.jspecify.annotations.NullMarked;
