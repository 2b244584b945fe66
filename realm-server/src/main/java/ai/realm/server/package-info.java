/** The server put together. */
@NullMarked
package ai.realm.server;

import org.jspecify.annotations.NullMarked;
