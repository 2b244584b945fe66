/** How errors look over HTTP. */
@NullMarked
package ai.realm.server.error;

import org.jspecify.annotations.NullMarked;
