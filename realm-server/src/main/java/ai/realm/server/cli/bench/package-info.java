/** Measures a model's speed without server, tokenizer or sampler. */
@NullMarked
package ai.realm.server.cli.bench;

import org.jspecify.annotations.NullMarked;
