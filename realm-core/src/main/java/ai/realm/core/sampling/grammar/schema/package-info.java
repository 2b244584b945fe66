/**
 * JSON schemas turned into rules of a grammar: exactly, or refused with the keyword and the place that cannot be held.
 *
 * <p>May use {@code core.sampling.grammar} and its {@code regular}. Runs on the thread of the request that brings a schema,
 * within a bound of work.
 */
@org.jspecify.annotations.NullMarked
package ai.realm.core.sampling.grammar.schema;
