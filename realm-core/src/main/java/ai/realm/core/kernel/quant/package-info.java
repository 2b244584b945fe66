/** What the bytes of every GGUF tensor type mean, as plain loops. */
@NullMarked
package ai.realm.core.kernel.quant;

import org.jspecify.annotations.NullMarked;
