/** Models: mapped once, shared, counted, evicted. */
@NullMarked
package ai.realm.runtime.store;

import org.jspecify.annotations.NullMarked;
