/**
 * From a GGUF file to a model that is served: parsing, packing, verification of the file's digest, and the grammars compiled for
 * it.
 *
 * <p>May use {@code core}, {@code runtime.kvcache}, {@code runtime.scheduler}, {@code runtime.engine}, {@code runtime.warmup} and
 * {@code runtime.store}. Runs on the thread that loads the model, with the kernel workers; the digest is computed by a thread
 * beside it.
 */
@NullMarked
package ai.realm.runtime.loading;

import org.jspecify.annotations.NullMarked;
