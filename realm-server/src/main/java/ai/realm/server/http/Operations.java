package ai.realm.server.http;

import ai.realm.server.accounts.AuditTrail;
import ai.realm.server.admin.SpendWatch;
import ai.realm.server.tracing.RequestTracer;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the operator does with the server as a whole.
 *
 * @param trail who changed what
 * @param reload reads the configuration again and says what has changed; null for a server without a file
 * @param spending prices, budgets and what was spent
 * @param tracer where traces of requests go
 */
public record Operations(AuditTrail trail, @Nullable Supplier<ObjectNode> reload, SpendWatch spending,
        RequestTracer tracer) {}
