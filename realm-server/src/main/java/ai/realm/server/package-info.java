/**
 * The server put together: from a configuration to listeners, and down again when it drains.
 *
 * <p>May use everything below it. Runs on the thread that starts the process, and on the shutdown hook.
 */
@NullMarked
package ai.realm.server;

import org.jspecify.annotations.NullMarked;
