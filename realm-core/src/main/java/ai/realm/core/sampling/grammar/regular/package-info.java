/** Regular languages of code points: sets, automata, and regular expressions as ECMA-262 has them. Knows neither JSON nor grammars. */
@org.jspecify.annotations.NullMarked
package ai.realm.core.sampling.grammar.regular;
