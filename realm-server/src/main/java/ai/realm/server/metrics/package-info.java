/** Counters, gauges and histograms in Prometheus' text format. */
@NullMarked
package ai.realm.server.metrics;

import org.jspecify.annotations.NullMarked;
