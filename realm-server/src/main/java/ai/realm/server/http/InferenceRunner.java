package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.Usage;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.tenant.Tenant;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.tenant.TenantKvStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Step 3 of a request: each choice of the answer through a guest of its own, side by side. Thread-safe. */
final class InferenceRunner {
    private final ModelStore models;
    private final GuestHost host;
    private final TenantGuests guests;

    InferenceRunner(ModelStore models, GuestHost host, TenantGuests guests) {
        this.models = models;
        this.host = host;
        this.guests = guests;
    }

    /** @param reason of the last choice */
    record Outcome(FinishReason reason, Usage usage, long guestCpuNanos) {
        Outcome plus(GuestResult r) {
            return new Outcome(r.reason(), usage.plus(r.usage()), guestCpuNanos + r.guestCpuNanos());
        }
    }

    /** Returns when every choice is complete; the first failure ends the others. */
    Outcome run(ValidCompletionRequest request, Tenant tenant, GuestModule module, RequestContext context, Answer answer) {
        List<GuestResult> results = request.choices() == 1
                ? List.of(one(0, request, tenant, module, context, answer))
                : all(request, tenant, module, context, answer);
        Outcome sum = new Outcome(FinishReason.STOP, Usage.NONE, 0);
        for (GuestResult r : results) {
            sum = sum.plus(r);
        }
        return sum;
    }

    private GuestResult one(int index, ValidCompletionRequest request, Tenant tenant, GuestModule module, RequestContext context,
            Answer answer) {
        ValidCompletionRequest.Prompt prompt = request.promptOf(index);
        TenantKvStore store = guests.store(tenant);
        GuestCall call = new GuestCall(context, prompt.text(), prompt.ids(), true, request.paramsOf(index), request.stream(),
                request.requestJson(), new GrantedModels(models, tenant, request.model()), tenant.guestConfig(),
                store, request.priority());
        GuestResult result;
        try {
            result = host.run(module, call, tenant.guestLimits(), text -> {
                if (!text.isEmpty()) {
                    answer.piece(index, text);
                }
            });
        } finally {
            // Before the client can know that the answer is complete.
            store.save();
        }
        answer.end(index, result.reason());
        return result;
    }

    private List<GuestResult> all(ValidCompletionRequest request, Tenant tenant, GuestModule module, RequestContext context,
            Answer answer) {
        List<Future<GuestResult>> running = new ArrayList<>();
        List<GuestResult> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < request.choices(); i++) {
                int index = i;
                running.add(threads.submit(() -> {
                    try {
                        return one(index, request, tenant, module, context, answer);
                    } catch (RuntimeException e) {
                        RealmException known = ErrorBody.known(e);
                        context.cancel(known.code(), String.valueOf(known.getMessage()));
                        throw e;
                    }
                }));
            }
            RuntimeException first = null;
            for (Future<GuestResult> f : running) {
                first = collect(f, results, first);
            }
            if (first != null) {
                RealmException cause = context.cancelled();
                throw cause != null ? cause : first;
            }
            return results;
        }
    }

    private static @Nullable RuntimeException collect(Future<GuestResult> future, List<GuestResult> into,
            @Nullable RuntimeException first) {
        try {
            into.add(future.get());
            return first;
        } catch (ExecutionException e) {
            return first != null
                    ? first
                    : e.getCause() instanceof RuntimeException r ? r : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new RealmException(ErrorCode.CANCELLED, "the server's thread was interrupted", e);
        }
    }
}
