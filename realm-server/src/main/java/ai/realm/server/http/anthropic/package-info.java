/** Anthropic's Messages. */
@NullMarked
package ai.realm.server.http.anthropic;

import org.jspecify.annotations.NullMarked;
