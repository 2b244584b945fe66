/** Who asks, and how much they may: keys, tenants, limits, permits. */
@NullMarked
package ai.realm.server.tenant;

import org.jspecify.annotations.NullMarked;
