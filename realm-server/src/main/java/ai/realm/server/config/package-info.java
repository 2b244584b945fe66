/**
 * {@code realm.yaml}, read strictly into records: a mistake stops the start and says where it is.
 *
 * <p>May use {@code server.domain} and below. Runs on the thread that starts the server; what was read is immutable.
 */
@NullMarked
package ai.realm.server.config;

import org.jspecify.annotations.NullMarked;
