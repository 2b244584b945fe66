/**
 * Models by name: the catalogue, and how its files come onto the disk, verified.
 *
 * <p>May use {@code server.domain} and {@code runtime.store}. Runs on the main thread of a command, or on the thread of the
 * admin's request.
 */
@NullMarked
package ai.realm.server.cli.catalog;

import org.jspecify.annotations.NullMarked;
