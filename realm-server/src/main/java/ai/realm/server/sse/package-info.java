/** Server-sent events as OpenAI's API has them. */
@NullMarked
package ai.realm.server.sse;

import org.jspecify.annotations.NullMarked;
