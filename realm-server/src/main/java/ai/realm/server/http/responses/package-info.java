/** OpenAI's Responses. */
@NullMarked
package ai.realm.server.http.responses;

import org.jspecify.annotations.NullMarked;
