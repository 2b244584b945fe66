/** The one entry for a server: everything that runs models, put together from plain options. */
@NullMarked
package ai.realm.runtime;

import org.jspecify.annotations.NullMarked;
