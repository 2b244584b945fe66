/**
 * The command line: one class for each subcommand of {@code ./realm}.
 *
 * <p>May use everything below it. A command runs on the main thread and exits with its code.
 */
@NullMarked
package ai.realm.server.cli;

import org.jspecify.annotations.NullMarked;
