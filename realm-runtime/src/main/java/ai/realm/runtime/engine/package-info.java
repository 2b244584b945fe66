/** What runs a model: the loop, a step carried out, and what comes of it. */
@NullMarked
package ai.realm.runtime.engine;

import org.jspecify.annotations.NullMarked;
