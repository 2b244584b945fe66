/**
 * HTTP requests to other machines on behalf of guests: what the tenant's rules allow, to addresses that were checked, within bounds.
 *
 * <p>May use {@code runtime.guest}, {@code runtime.session} and {@code server.domain}. Each exchange has a thread of its own, of which there are only so many;
 * the guest's thread waits for it.
 */
@NullMarked
package ai.realm.server.outbound;

import org.jspecify.annotations.NullMarked;
