/** Tenants and their guests changed at run time. */
@NullMarked
package ai.realm.server.admin;

import org.jspecify.annotations.NullMarked;
