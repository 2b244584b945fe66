/**
 * Vocabularies, tokenizers, and incremental detokenizing into whole characters.
 *
 * <p>May use {@code core.gguf}. Tokenizers are immutable and shared by request and guest threads; a detokenizer belongs to one
 * generation.
 */
@NullMarked
package ai.realm.core.tokenizer;

import org.jspecify.annotations.NullMarked;
