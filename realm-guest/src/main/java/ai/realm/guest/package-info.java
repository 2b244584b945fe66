/** The guests that Realm ships. */
@NullMarked
package ai.realm.guest;

import org.jspecify.annotations.NullMarked;
