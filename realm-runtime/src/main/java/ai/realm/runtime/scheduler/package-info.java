/** The pure scheduler and the engine loop that carries its plans out. */
@NullMarked
package ai.realm.runtime.scheduler;

import org.jspecify.annotations.NullMarked;
