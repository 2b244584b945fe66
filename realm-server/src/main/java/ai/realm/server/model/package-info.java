/** The models that a server knows, configured or registered while it runs. */
@NullMarked
package ai.realm.server.model;

import org.jspecify.annotations.NullMarked;
