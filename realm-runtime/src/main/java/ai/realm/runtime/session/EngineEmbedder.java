package ai.realm.runtime.session;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.engine.EmbeddingCall;
import ai.realm.runtime.engine.EmbeddingEngine;
import ai.realm.runtime.engine.EmbeddingSpec;
import ai.realm.runtime.loading.ServedEncoder;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.store.CountedLease;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Opens embedding sessions on the engine of a leased encoder; tokenizes on the caller's thread. */
public final class EngineEmbedder implements Embedder {
    @Override
    public EmbeddingSession open(EmbedCommand command) {
        RequestContext context = command.context();
        context.check();
        ServedEncoder encoder = served(command);
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < command.inputs().size(); i++) {
            int[] ids = ids(command, i, encoder.tokenizer(), encoder.config().vocabSize());
            checkLength(ids, i, encoder.contextLength(), context.contextLimit());
            texts.add(ids);
            context.check();
        }
        context.reached(5, "session");
        EmbeddingEngine engine = encoder.engine();
        return new Session(context, engine, engine.submit(new EmbeddingSpec(context.requestId(), context.tenantId(),
                context.weight(), texts, engine.now() + context.remainingNanos(), context::reached)));
    }

    private static ServedEncoder served(EmbedCommand command) {
        if (command.model() instanceof CountedLease lease && lease.model() instanceof ServedEncoder encoder) {
            return encoder;
        }
        throw RealmException.badParam("model",
                "the model " + command.model().name() + " generates text and makes no embeddings");
    }

    private static int[] ids(EmbedCommand command, int index, @Nullable Tokenizer tokenizer, int vocabulary) {
        switch (command.inputs().get(index)) {
            case TextPrompt t -> {
                if (tokenizer == null) {
                    throw new RealmException(ErrorCode.NO_TOKENIZER,
                            "the model " + command.model().name() + " has no tokenizer; give token ids");
                }
                return tokenizer.encode(t.text(), true, t.parseSpecial());
            }
            case TokenPrompt t -> {
                TokenPrompt.check(t.ids(), vocabulary, "input", at(index));
                return t.ids().clone();
            }
        }
    }

    private static void checkLength(int[] ids, int index, int modelLength, int tenantLimit) {
        if (ids.length == 0) {
            throw new RealmException(ErrorCode.EMPTY_PROMPT, at(index) + " has no tokens", "input", null);
        }
        int most = Math.min(modelLength, tenantLimit);
        if (ids.length > most) {
            throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, at(index) + " has " + ids.length + " tokens; "
                    + (most < modelLength ? "the tenant may have " : "this model takes ") + most + " at most", "input", null);
        }
    }

    private static String at(int index) {
        return "input " + index;
    }

    /** A session on an {@link EmbeddingEngine}. */
    private static final class Session implements EmbeddingSession {
        private final RequestContext context;
        private final EmbeddingEngine engine;
        private final EmbeddingCall call;
        private final RequestContext.Registration registration;

        Session(RequestContext context, EmbeddingEngine engine, EmbeddingCall call) {
            this.context = context;
            this.engine = engine;
            this.call = call;
            this.registration = context.onCancel(() -> engine.abort(call, Objects.requireNonNull(context.cancelled())));
        }

        @Override
        public float[][] vectors() throws InterruptedException {
            try {
                if (!call.await(Math.max(0, context.remainingNanos()))) {
                    engine.abort(call, new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed"));
                }
            } catch (InterruptedException e) {
                engine.abort(call, new RealmException(ErrorCode.CANCELLED, "the thread that waits was interrupted"));
                throw e;
            }
            RealmException error = call.error();
            if (error != null) {
                throw new RealmException(error.code(), String.valueOf(error.getMessage()), error.param(), error);
            }
            return call.vectors();
        }

        @Override
        public Usage usage() {
            return new Usage(call.begunTokens(), 0, 0, call.engineNanos());
        }

        @Override
        public void close() {
            engine.abort(call, new RealmException(ErrorCode.CANCELLED, "the session was closed before its end"));
            registration.close();
        }
    }
}
