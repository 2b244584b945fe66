/**
 * Anthropic's Messages: how its JSON is read into a request and how an answer's events are written, and the counting of tokens.
 *
 * <p>May use {@code http.inference}, {@code http.json} and {@code http.transport}; no other API's shape. Runs on the request's
 * virtual thread.
 */
@NullMarked
package ai.realm.server.http.anthropic;

import org.jspecify.annotations.NullMarked;
