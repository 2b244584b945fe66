/**
 * Chat templates: the Jinja that a GGUF file carries, rendered into the prompt of a chat within bounds.
 *
 * <p>May use {@code core.tokenizer} and {@code core.gguf}. Runs on the thread of the request. A compiled template is immutable
 * and shared by all threads.
 */
@NullMarked
package ai.realm.core.chat;

import org.jspecify.annotations.NullMarked;
