/** One generation, the only way in. */
@NullMarked
package ai.realm.runtime.session;

import org.jspecify.annotations.NullMarked;
