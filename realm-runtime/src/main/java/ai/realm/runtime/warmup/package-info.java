/**
 * What makes a model's first requests as fast as the later ones: layers and a short generation run before it is ready.
 *
 * <p>May use {@code core}, {@code runtime.kvcache}, {@code runtime.scheduler} and {@code runtime.engine}. Runs on the thread that
 * loads the model, before its engine takes requests.
 */
@NullMarked
package ai.realm.runtime.warmup;

import org.jspecify.annotations.NullMarked;
