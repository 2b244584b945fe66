/**
 * Tool calls and reasoning: what each model family writes, as prompts, grammars and parsed answers. One file a family.
 *
 * <p>May use {@code core.chat} and {@code core.tokenizer}. Runs on the thread of the request; formats are immutable, a parser of
 * an answer belongs to one thread.
 */
@NullMarked
package ai.realm.core.chat.tools;

import org.jspecify.annotations.NullMarked;
