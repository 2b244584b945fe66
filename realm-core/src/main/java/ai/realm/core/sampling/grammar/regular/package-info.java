/**
 * Regular languages of code points: sets, automata, and regular expressions as ECMA-262 has them. It knows neither JSON nor
 * grammars.
 *
 * <p>May use {@code core.error} only. Runs on the thread of the request that brings a pattern, within a bound of work.
 */
@org.jspecify.annotations.NullMarked
package ai.realm.core.sampling.grammar.regular;
