/** OpenAI's Responses: its shape, what is stored of them, and conversations. */
@NullMarked
package ai.realm.server.http.openai.responses;

import org.jspecify.annotations.NullMarked;
