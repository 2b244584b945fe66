/**
 * The guests that Realm ships, as WAT that the build assembles, and the class that finds them.
 *
 * <p>May use nothing of Realm. Has no state, so any thread may use it.
 */
@NullMarked
package ai.realm.guest;

import org.jspecify.annotations.NullMarked;
