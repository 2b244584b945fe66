package ai.realm.server.tenant;

import ai.realm.server.domain.Tenant;

/** An admitted request: who asks, and its permit, which the request closes when it ends. */
public record TenantContext(String requestId, Tenant tenant, Permit permit) {}
