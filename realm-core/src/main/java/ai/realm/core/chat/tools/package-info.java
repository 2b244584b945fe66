/** Tool calls and reasoning: what model families write, as prompts, grammars and parsed answers. */
@NullMarked
package ai.realm.core.chat.tools;

import org.jspecify.annotations.NullMarked;
