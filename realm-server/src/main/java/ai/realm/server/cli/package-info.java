/** The command line: one class for each subcommand of {@code ./realm}. */
@NullMarked
package ai.realm.server.cli;

import org.jspecify.annotations.NullMarked;
