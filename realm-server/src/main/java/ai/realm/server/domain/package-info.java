/** Tenants and models as the operator knows them, and what reads and checks them; below storage and configuration. */
@NullMarked
package ai.realm.server.domain;

import org.jspecify.annotations.NullMarked;
