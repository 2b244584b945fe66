/**
 * A Jinja engine for chat templates, with Python's semantics: lexer, parser, syntax tree, evaluator and the standard filters,
 * tests, methods and functions, in bounds on everything a template from a stranger could exhaust.
 */
@NullMarked
package ai.realm.core.chat.jinja;

import org.jspecify.annotations.NullMarked;
