/**
 * A Jinja engine for chat templates with Python's semantics: lexer, parser, syntax tree, evaluator and the standard filters,
 * tests, methods and functions. Everything that a stranger's template could exhaust is bounded.
 *
 * <p>May use {@code core.chat}, whose templates it makes. Runs on the caller's thread; a parsed template is immutable, one
 * rendering belongs to one thread.
 */
@NullMarked
package ai.realm.core.chat.jinja;

import org.jspecify.annotations.NullMarked;
