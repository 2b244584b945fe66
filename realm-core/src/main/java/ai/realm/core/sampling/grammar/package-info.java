/**
 * Grammars that an output must match: GBNF and JSON schema, compiled, followed character by character, and turned into masks of
 * tokens.
 *
 * <p>May use {@code core.sampling} and {@code core.tokenizer}. Compiling runs on the thread of the request. A compiled grammar is
 * shared; its state belongs to one sequence, on the engine or late thread.
 */
@NullMarked
package ai.realm.core.sampling.grammar;

import org.jspecify.annotations.NullMarked;
