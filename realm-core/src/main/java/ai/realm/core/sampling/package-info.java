/** Sampling parameters, samplers and grammars; pure and seeded. */
@NullMarked
package ai.realm.core.sampling;

import org.jspecify.annotations.NullMarked;
