/**
 * The project's errors: {@link ai.realm.core.error.RealmException} and its {@link ai.realm.core.error.ErrorCode}s, one closed set
 * that every layer uses.
 *
 * <p>May use nothing of Realm. Has no state, so any thread may use it.
 */
@NullMarked
package ai.realm.core.error;

import org.jspecify.annotations.NullMarked;
