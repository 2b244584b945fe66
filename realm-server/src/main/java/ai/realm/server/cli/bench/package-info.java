/**
 * A model's speed, measured without server, tokenizer or sampler: what {@code ./realm bench} does.
 *
 * <p>May use {@code core}, and {@code http.json} to print. Passes run on the main thread with workers of their own.
 */
@NullMarked
package ai.realm.server.cli.bench;

import org.jspecify.annotations.NullMarked;
