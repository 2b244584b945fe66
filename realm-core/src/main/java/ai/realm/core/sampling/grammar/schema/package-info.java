/** JSON schemas turned into rules of a grammar: exactly, or refused with the keyword and the place that cannot be held. */
@org.jspecify.annotations.NullMarked
package ai.realm.core.sampling.grammar.schema;
