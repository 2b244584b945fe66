/**
 * What a model file is, what it needs, and whether it will run: what {@code ./realm inspect} tells.
 *
 * <p>May use {@code core}. Runs on the main thread.
 */
@NullMarked
package ai.realm.server.cli.inspect;

import org.jspecify.annotations.NullMarked;
