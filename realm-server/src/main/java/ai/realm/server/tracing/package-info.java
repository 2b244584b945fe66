/**
 * Traces of requests for a collector, with OpenTelemetry's names; the only importer of OpenTelemetry.
 *
 * <p>May use {@code server.config}, {@code runtime.session} and {@code core.error}. Spans are made on the request's thread and sent by a
 * thread of OpenTelemetry's.
 */
@NullMarked
package ai.realm.server.tracing;

import org.jspecify.annotations.NullMarked;
