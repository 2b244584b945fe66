/** Grammars that an output must match: GBNF and JSON schema, compiled, followed character by character, turned into token masks. */
@NullMarked
package ai.realm.core.sampling.grammar;

import org.jspecify.annotations.NullMarked;
