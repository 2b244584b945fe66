/** Guest modules, instances, host imports and limits; the only importer of Chicory. */
@NullMarked
package ai.realm.runtime.guest;

import org.jspecify.annotations.NullMarked;
