/**
 * What runs a model: the loop, a step carried out, and what comes of it; one engine for decoders, one for encoders, and choices
 * that come late.
 *
 * <p>May use {@code core}, {@code runtime.kvcache} and {@code runtime.scheduler}. Each loaded model has one engine thread, which
 * owns its sequences, and from first use one late thread. Others hand over requests and cancellations.
 */
@NullMarked
package ai.realm.runtime.engine;

import org.jspecify.annotations.NullMarked;
