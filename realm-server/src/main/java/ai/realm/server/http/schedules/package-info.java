/**
 * Timetables of guests: which run is due, which server does it, and the request that it is.
 *
 * <p>May use {@code http.inference}, {@code http.transport}, {@code server.accounts} and {@code server.tenant}. One virtual thread
 * looks for what is due; each run has one of its own.
 */
@NullMarked
package ai.realm.server.http.schedules;

import org.jspecify.annotations.NullMarked;
