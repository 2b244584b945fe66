/**
 * From logits to tokens: {@link ai.realm.core.sampling.Chooser}s, sampling parameters, samplers and their stages,
 * log-probabilities. The same seed gives the same tokens.
 *
 * <p>May use {@code core.tokenizer}, for vocabularies. Starts no thread. A chooser belongs to one sequence: the engine thread
 * runs it, or the late thread, never both at once.
 */
@NullMarked
package ai.realm.core.sampling;

import org.jspecify.annotations.NullMarked;
