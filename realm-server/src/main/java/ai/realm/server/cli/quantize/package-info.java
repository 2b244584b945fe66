/**
 * Model files made smaller: which tensor gets which type, and the file that {@code ./realm quantize} writes.
 *
 * <p>May use {@code core}. Runs on the main thread, which shares rows among the common pool's.
 */
@NullMarked
package ai.realm.server.cli.quantize;

import org.jspecify.annotations.NullMarked;
