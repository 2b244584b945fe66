/** What every request used, and the tenants themselves, in an embedded database or on a PostgreSQL server. */
@NullMarked
package ai.realm.server.accounts;

import org.jspecify.annotations.NullMarked;
