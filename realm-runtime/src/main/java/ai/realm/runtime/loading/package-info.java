/** From a file to a model that is served. */
@NullMarked
package ai.realm.runtime.loading;

import org.jspecify.annotations.NullMarked;
