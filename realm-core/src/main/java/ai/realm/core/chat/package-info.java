/** Chat templates: the Jinja that GGUF files carry, rendered in bounds. */
@NullMarked
package ai.realm.core.chat;

import org.jspecify.annotations.NullMarked;
