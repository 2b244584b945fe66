package ai.realm.server.tenant;

import ai.realm.runtime.session.EmbedCommand;
import ai.realm.runtime.session.Embedder;
import ai.realm.runtime.session.EmbeddingSession;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.session.SessionFactory;
import ai.realm.runtime.session.Usage;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Sessions whose usage is counted to their requests: every generation of a guest is checked against the tenant's tokens before it
 * begins, and what it used is known however it ends. Thread-safe.
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
        if (usage == null) {
            return sessions.open(command);
        }
        long bound = bound(command);
        usage.begin(bound);
        try {
            return new Metered(sessions.open(command), usage, bound);
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

    private static long bound(GenerateCommand command) {
        long prompt = switch (command.prompt()) {
            case GenerateCommand.TextPrompt t -> t.text().getBytes(StandardCharsets.UTF_8).length;
            case GenerateCommand.TokenPrompt t -> t.ids().length;
        };
        return prompt + 1 + command.params().maxTokens();
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
            if (event instanceof SessionEvent.End e && end == null) {
                end = e;
                usage.end(bound, e.usage());
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
