package ai.realm.server.tenant;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.EmbedCommand;
import ai.realm.runtime.session.Embedder;
import ai.realm.runtime.session.EmbeddingSession;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.session.SessionFactory;
import ai.realm.runtime.session.TokenCommand;
import ai.realm.runtime.session.TokenMeter;
import ai.realm.runtime.session.TokenSequence;
import ai.realm.runtime.session.Usage;
import ai.realm.runtime.store.ModelLease;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Sessions whose usage is counted to their requests: every generation of a guest is checked against the tenant's tokens before it
 * begins, and what it used is known however it ends. The choices of one prompt share its computation. Thread-safe.
 */
public final class MeteredSessions implements SessionFactory {
    private final SessionFactory sessions;
    private final Embedder embedder;
    private final Map<RequestContext, RequestUsage> requests = new ConcurrentHashMap<>();

    public MeteredSessions(SessionFactory sessions, Embedder embedder) {
        this.sessions = sessions;
        this.embedder = embedder;
    }

    /** Counts the generations of a request until {@link #end}. */
    public RequestUsage begin(RequestContext context, Permit permit) {
        RequestUsage usage = new RequestUsage(permit);
        requests.put(context, usage);
        return usage;
    }

    public void end(RequestContext context) {
        requests.remove(context);
    }

    @Override
    public InferenceSession open(GenerateCommand command) {
        RequestUsage usage = requests.get(command.context());
        return usage == null ? sessions.open(command) : usage.prompts().open(command, (c, n) -> openAll(c, n, usage));
    }

    @Override
    public TokenSequence openTokens(TokenCommand command) {
        RequestUsage usage = requests.get(command.context());
        return sessions.openTokens(usage == null
                ? command
                : new TokenCommand(command.context(), command.model(), command.params(), command.priority(),
                        new Steered(usage, command.meter())));
    }

    @Override
    public Grammar grammar(RequestContext context, ModelLease model, SamplingParams params) {
        return sessions.grammar(context, model, params);
    }

    private List<InferenceSession> openAll(GenerateCommand asked, int n, RequestUsage usage) {
        GenerateCommand command = tokenized(asked);
        long each = Math.min(command.params().maxTokens(), usage.expectedTokens());
        long prompt = promptTokens(command);
        long bound = prompt + n * each;
        usage.begin(bound);
        try {
            List<InferenceSession> metered = new ArrayList<>();
            for (InferenceSession s : n == 1 ? List.of(sessions.open(command)) : sessions.openAll(command, n)) {
                metered.add(new Metered(s, usage, metered.isEmpty() ? prompt + each : each));
            }
            return metered;
        } catch (RuntimeException e) {
            usage.end(bound, Usage.NONE);
            throw e;
        }
    }

    /** The vectors of a request's inputs; its usage is counted however it ends. */
    public float[][] embed(EmbedCommand command) throws InterruptedException {
        try (EmbeddingSession session = embedder.open(command)) {
            try {
                return session.vectors();
            } finally {
                RequestUsage usage = requests.get(command.context());
                if (usage != null) {
                    usage.add(session.usage());
                }
            }
        }
    }

    /**
     * The vectors of what a guest has made, which is checked against the tenant's tokens before.
     *
     * @throws ai.realm.core.error.RealmException as a generation
     */
    public float[][] embedMore(EmbedCommand command) throws InterruptedException {
        RequestUsage usage = requests.get(command.context());
        if (usage == null) {
            return embed(command);
        }
        long bound = 0;
        Tokenizer tokenizer = command.model().tokenizer();
        for (GenerateCommand.Prompt input : command.inputs()) {
            bound += switch (input) {
                case GenerateCommand.TextPrompt t ->
                    tokenizer == null ? 0 : tokenizer.encode(t.text(), true, t.parseSpecial()).length;
                case GenerateCommand.TokenPrompt t -> t.ids().length;
            };
        }
        usage.begin(bound);
        Usage used = Usage.NONE;
        try (EmbeddingSession session = embedder.open(command)) {
            try {
                return session.vectors();
            } finally {
                used = session.usage();
            }
        } finally {
            usage.end(bound, used);
        }
    }

    /** With the prompt's tokens, so that they are counted before and not made again; as it is where the model cannot make any. */
    private static GenerateCommand tokenized(GenerateCommand command) {
        Tokenizer tokenizer = command.model().tokenizer();
        if (tokenizer == null || !(command.prompt() instanceof GenerateCommand.TextPrompt text)) {
            return command;
        }
        command.context().check();
        return command.withPrompt(new GenerateCommand.TokenPrompt(text.ids(tokenizer)));
    }

    /** None of a text for a model without a tokenizer, which no session takes. */
    private static long promptTokens(GenerateCommand command) {
        return command.prompt() instanceof GenerateCommand.TokenPrompt t ? t.ids().length : 0;
    }

    /** Counts what a sequence uses to its request, and then to whom it was counted anyway. */
    private record Steered(RequestUsage usage, TokenMeter next) implements TokenMeter {
        @Override
        public void begin(int promptTokens, int maxTokens) {
            next.begin(promptTokens, maxTokens);
            usage.begin((long) promptTokens + maxTokens);
        }

        @Override
        public void end(long bound, Usage used) {
            usage.end(bound, used);
            if (used.generatedTokens() > 0) {
                usage.text();
            }
            next.end(bound, used);
        }
    }

    /** Used by one thread, as every session. */
    private static final class Metered implements InferenceSession {
        private final InferenceSession session;
        private final RequestUsage usage;
        private final long bound;
        private SessionEvent.@Nullable End end;

        Metered(InferenceSession session, RequestUsage usage, long bound) {
            this.session = session;
            this.usage = usage;
            this.bound = bound;
        }

        @Override
        public SessionEvent next() throws InterruptedException {
            SessionEvent event = session.next();
            if (event instanceof SessionEvent.Piece) {
                usage.text();
            }
            if (event instanceof SessionEvent.End e && end == null) {
                end = e;
                usage.end(bound, e.usage());
                usage.stoppedAt(e.stop());
            }
            return event;
        }

        @Override
        public void stop() {
            session.stop();
        }

        @Override
        public void close() {
            session.close();
            // A closed session has only its end left to tell, without waiting; an interrupt must not hide it.
            boolean interrupted = Thread.interrupted();
            while (end == null) {
                try {
                    next();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
