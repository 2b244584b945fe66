/**
 * Counters, gauges and histograms in Prometheus' text format.
 *
 * <p>May use {@code runtime} and {@code server.accounts}, to ask them for numbers. Counted by any thread; written on the thread
 * of a scrape.
 */
@NullMarked
package ai.realm.server.metrics;

import org.jspecify.annotations.NullMarked;
