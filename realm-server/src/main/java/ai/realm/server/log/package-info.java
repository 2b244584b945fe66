/**
 * How lines of the log are written for programs: JSON, with the fields that lines name.
 *
 * <p>May use nothing of the server. Runs on whichever thread logs.
 */
@NullMarked
package ai.realm.server.log;

import org.jspecify.annotations.NullMarked;
