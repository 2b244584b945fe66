/**
 * The open-loop load generator: requests at a rate of each tenant's, and percentiles of what came back.
 *
 * <p>May use nothing of the server: it is a client over HTTP. Each request has a virtual thread; the main thread waits and
 * prints.
 */
@NullMarked
package ai.realm.server.cli.load;

import org.jspecify.annotations.NullMarked;
