/** Error codes and the one exception that carries them; used by every layer, depends on none. */
@NullMarked
package ai.realm.core.error;

import org.jspecify.annotations.NullMarked;
