package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.GuestRefusal;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.guest.GuestOutput;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import ai.realm.server.http.json.Json;
import ai.realm.server.outbound.OutboundHttp;
import ai.realm.server.tenant.RequestUsage;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.TenantGuests;
import ai.realm.server.tenant.TenantKvStore;
import java.util.ArrayList;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Step 3 of a request: each choice of the answer through a guest of its own, side by side. Thread-safe. */
public final class InferenceRunner {
    /** Choices that run at the same time; those after wait for their turn, in their order. */
    private static final int SIDE_BY_SIDE = 32;
    /** What a generation of a timetable's run has unless its guest says otherwise. */
    private static final int SCHEDULED_TOKENS = 256;

    private final ModelStore models;
    private final GuestHost host;
    private final TenantGuests guests;
    private final ChatReader chats;
    private final OutboundHttp outbound;

    /** @param chats reads the messages that guests want to see rendered */
    public InferenceRunner(ModelStore models, GuestHost host, TenantGuests guests, ChatReader chats, OutboundHttp outbound) {
        this.outbound = outbound;
        this.models = models;
        this.host = host;
        this.guests = guests;
        this.chats = chats;
    }

    /**
     * Returns when every choice is complete, with how the last one ended; the first failure ends the others. The processor time of
     * every guest is the request's, however it ended.
     */
    FinishReason run(ValidRequest request, Admitted admitted, GuestModule module, Answer answer) {
        return request.choices() == 1
                ? one(0, request, admitted, module, answer)
                : all(request, admitted, module, answer);
    }

    private FinishReason one(int index, ValidRequest request, Admitted admitted, GuestModule module, Answer answer) {
        ValidRequest.Prompt prompt = request.promptOf(index);
        Tenant tenant = admitted.tenant();
        TenantKvStore store = guests.store(tenant);
        GrantedModels granted = new GrantedModels(models, tenant, request.model());
        GuestCall call = new GuestCall(admitted.context(), prompt.text(), prompt.ids(), true, request.params(),
                request.stream(), request.requestJson(), granted, tenant.guestSettings(),
                store, request.priority(), new RequestChat(granted, chats, request.chat()),
                new RequestOutside(granted, admitted.parts().sessions(), admitted.context(), outbound), request.choiceOf(index));
        GuestResult result;
        try {
            result = host.run(module, call, tenant.guestLimits(), new Choice(index, answer, admitted.usage()));
        } finally {
            // Before the client can know that the answer is complete.
            store.save();
        }
        answer.end(index, result.reason());
        return result.reason();
    }

    /** A run of the tenant's timetable; what its guest says goes nowhere. */
    public void scheduled(String name, String model, Admitted admitted, GuestModule module) {
        Tenant tenant = admitted.tenant();
        TenantKvStore store = guests.store(tenant);
        GrantedModels granted = new GrantedModels(models, tenant, model);
        SamplingParams params = SamplingParams.defaults().toBuilder()
                .maxTokens(Math.min(SCHEDULED_TOKENS, tenant.limits().maxTokens()))
                .build();
        admitted.usage().expectChoices(1);
        admitted.usage().expectTokens(params.maxTokens());
        String json = new String(Json.bytes(Map.of("schedule", name, "model", model, "request_id", admitted.log().requestId())),
                StandardCharsets.UTF_8);
        GuestCall call = new GuestCall(admitted.context(), "", null, true, params, false, json, granted, tenant.guestSettings(),
                store,
                Priority.BATCH, new RequestChat(granted, chats, false),
                new RequestOutside(granted, admitted.parts().sessions(), admitted.context(), outbound), name, 0);
        try {
            host.run(module, call, tenant.guestLimits(), new GuestOutput() {
                @Override
                public void piece(String text) {
                    // Nobody listens.
                }

                @Override
                public void ended(long guestCpuNanos) {
                    admitted.usage().addGuestCpu(guestCpuNanos);
                }
            });
        } finally {
            store.save();
        }
    }

    /** Where what one choice's guest says goes, and its processor time. */
    private static final class Choice implements GuestOutput {
        private final int index;
        private final Answer answer;
        private final RequestUsage usage;
        private int calls;

        Choice(int index, Answer answer, RequestUsage usage) {
            this.index = index;
            this.answer = answer;
            this.usage = usage;
        }

        @Override
        public void toolCall(String id, String name, String arguments) {
            int call = calls++;
            answer.events(index,
                    List.of(new AnswerEvent.CallBegin(call, name, id), new AnswerEvent.CallArguments(call, arguments),
                            new AnswerEvent.CallEnd(call)));
        }

        @Override
        public void event(String name, String json) {
            answer.notice(name, json);
        }

        @Override
        public void piece(String text) {
            if (!text.isEmpty()) {
                answer.piece(index, text);
            }
        }

        @Override
        public void logProbs(List<TokenLogProbs> tokens) {
            answer.logProbs(index, tokens);
        }

        @Override
        public void promptLogProbs(List<TokenLogProbs> tokens) {
            answer.promptLogProbs(index, tokens);
        }

        @Override
        public void ended(long guestCpuNanos) {
            usage.addGuestCpu(guestCpuNanos);
        }
    }

    private FinishReason all(ValidRequest request, Admitted admitted, GuestModule module, Answer answer) {
        RequestContext context = admitted.context();
        List<Future<FinishReason>> running = new ArrayList<>();
        List<FinishReason> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(Math.min(SIDE_BY_SIDE, request.choices()),
                Thread.ofVirtual().factory())) {
            for (int i = 0; i < request.choices(); i++) {
                int index = i;
                running.add(threads.submit(() -> {
                    try {
                        if (index >= SIDE_BY_SIDE) {
                            context.check();
                        }
                        return one(index, request, admitted, module, answer);
                    } catch (RuntimeException e) {
                        RealmException known = ErrorBody.known(e);
                        context.cancel(known.code(), String.valueOf(known.getMessage()));
                        throw e;
                    }
                }));
            }
            RuntimeException first = null;
            for (Future<FinishReason> f : running) {
                first = collect(f, results, first);
            }
            if (first != null) {
                RealmException cause = context.cancelled();
                throw cause == null || first instanceof GuestRefusal ? first : cause;
            }
            return results.getLast();
        }
    }

    private static @Nullable RuntimeException collect(Future<FinishReason> future, List<FinishReason> into,
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
