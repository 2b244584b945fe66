/** Vocabularies, tokenizers and incremental detokenizing. */
@NullMarked
package ai.realm.core.tokenizer;

import org.jspecify.annotations.NullMarked;
