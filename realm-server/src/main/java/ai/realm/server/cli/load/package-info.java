/** The open-loop load generator. */
@NullMarked
package ai.realm.server.cli.load;

import org.jspecify.annotations.NullMarked;
