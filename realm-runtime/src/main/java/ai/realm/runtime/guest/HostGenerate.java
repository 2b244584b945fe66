package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.session.SessionFactory;
import ai.realm.runtime.store.ModelLease;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code realm_host_generate}: numbers from a guest become a {@link GenerateCommand}, a session's pieces become its answer. */
final class HostGenerate {
    private static final Logger LOG = LoggerFactory.getLogger(HostGenerate.class);
    /** A prompt beyond this would only cost time before it is refused as longer than any context. */
    private static final long MAX_PROMPT_BYTES = 16 << 20;

    private final GuestRun run;
    private final SessionFactory sessions;
    private final TokenHooks hooks;
    private final HostSequences steered;
    private boolean logged;

    HostGenerate(GuestRun run, SessionFactory sessions, TokenHooks hooks, HostSequences steered) {
        this.run = run;
        this.sessions = sessions;
        this.hooks = hooks;
        this.steered = steered;
    }

    /** Bytes written with the NUL, or an exception with the guest's error. */
    long call(GuestMemory memory, int model, long prompt, long promptLen, long optionsPtr, long out, long outMax) {
        memory.require(out, outMax, "result buffer");
        memory.require(prompt, promptLen, "prompt");
        if (promptLen == 0) {
            throw new AbiException(AbiError.EMPTY_PROMPT, "the prompt is empty",
                    new RealmException(ErrorCode.EMPTY_PROMPT, "the prompt is empty"));
        }
        if (promptLen > MAX_PROMPT_BYTES) {
            throw new AbiException(new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED,
                    "a prompt must have at most " + MAX_PROMPT_BYTES + " bytes, not " + promptLen));
        }
        String text = memory.readText(prompt, promptLen, "prompt");
        GenOptions.Chosen options = run.options().decode(memory, optionsPtr);
        SamplingParams params = bounded(options.params(), run.beginGeneration());
        run.call().models().admit(run.generations(), (int) promptLen, params.maxTokens());
        byte[] result = hooks.seesSteps()
                ? new Stepping(run, steered, hooks).generate(memory, model, prompt(text, model, options.parseSpecial()), params,
                        run.delivers(options))
                : whole(memory, model, text, promptLen, options, params);
        run.recovered();
        if (result.length > outMax) {
            throw new AbiException(AbiError.RESULT_TOO_LARGE,
                    "the result has " + result.length + " bytes with its NUL, the buffer "
                            + outMax + "; realm_host_result gives it in parts");
        }
        memory.write(out, result, "result buffer");
        return result.length;
    }

    private byte[] whole(GuestMemory memory, int model, String text, long promptLen, GenOptions.Chosen options,
            SamplingParams params) {
        try (ModelLease lease = run.call().models().lease(model)) {
            logStep(lease);
            GenerateCommand command = new GenerateCommand(run.call().context(), lease,
                    prompt(text, model, options.parseSpecial()),
                    params, run.call().priority(), run.call().choice());
            try (InferenceSession session = open(memory, promptLen, command)) {
                return generate(session, run.delivers(options), params.logProbs(), isRequests(text, model));
            }
        }
    }

    private void logStep(ModelLease lease) {
        RequestContext c = run.call().context();
        c.note(4);
        if (!logged && !c.isWarmUp()) {
            logged = true;
            LOG.debug("step=4 step_name=host_function request_id={} tenant={} guest={} model={}", c.requestId(), c.tenantId(),
                    run.guest().digest(), lease.name());
        }
    }

    /** The client's own ids as long as the guest left the prompt and the model as they came. */
    private Prompt prompt(String text, int model, boolean parseSpecial) {
        int[] ids = run.call().promptTokens();
        if (ids != null && isRequests(text, model)) {
            return new GenerateCommand.TokenPrompt(ids);
        }
        return new GenerateCommand.TextPrompt(text, parseSpecial);
    }

    /** Whether the guest left the prompt and the model as they came. */
    private boolean isRequests(String prompt, int model) {
        return model == 0 && prompt.equals(run.call().prompt());
    }

    private static SamplingParams bounded(SamplingParams params, int tokensLeft) {
        return params.maxTokens() <= tokensLeft ? params : params.toBuilder().maxTokens(tokensLeft).build();
    }

    private InferenceSession open(GuestMemory memory, long promptLen, GenerateCommand command) {
        boolean text = command.prompt() instanceof GenerateCommand.TextPrompt;
        try (GuestMemory.Loan loan = memory.forEncoding(text ? promptLen : 0)) {
            return sessions.open(command);
        }
    }

    /** @param requests whether the prompt is the request's */
    private byte[] generate(InferenceSession session, boolean deliver, int logProbs, boolean requests) {
        StringBuilder text = new StringBuilder();
        List<TokenLogProbs> tokens = new ArrayList<>();
        run.pieces().begin(logProbs);
        while (true) {
            switch (next(session)) {
                case SessionEvent.Piece piece -> {
                    String clean = Text.withoutNul(piece.text());
                    text.append(clean);
                    run.pieces().add(clean, piece.tokens());
                    if ((clean.isEmpty() ? !stopped : pass(session, clean)) && deliver) {
                        run.answer().send(clean, piece.tokens());
                    } else if (!deliver) {
                        tokens.addAll(piece.tokens());
                    }
                }
                case SessionEvent.Prompt prompt -> {
                    if (requests) {
                        run.answer().prompt(prompt.tokens());
                    }
                }
                case SessionEvent.End end -> {
                    if (!deliver) {
                        run.answer().generated(text.toString(), tokens);
                    }
                    byte[] result = Text.utf8(text.append('\0').toString());
                    run.endGeneration(stopped ? FinishReason.STOP : end.reason(), end.usage(), result);
                    stopped = false;
                    requireNoError(end);
                    return result;
                }
            }
        }
    }

    private boolean stopped;

    /** False when the guest swallowed the piece; after it said stop, nothing more is shown to it or to the client. */
    private boolean pass(InferenceSession session, String piece) {
        if (stopped) {
            return false;
        }
        switch (hooks.onToken(piece)) {
            case PASS -> {
                return true;
            }
            case SWALLOW -> {
                return false;
            }
            case STOP -> {
                stopped = true;
                session.stop();
                return false;
            }
        }
        throw new IllegalStateException("not reached");
    }

    private static void requireNoError(SessionEvent.End end) {
        RealmException error = end.error();
        if (error != null) {
            throw new AbiException(error);
        }
        switch (end.reason()) {
            case STOP, LENGTH, CONTENT_FILTER, TOOL_CALLS -> {
            }
            case CANCELLED -> throw new AbiException(new RealmException(ErrorCode.CANCELLED, "the request was cancelled"));
            case ERROR -> throw new AbiException(new RealmException(ErrorCode.INTERNAL, "the generation failed without a cause"));
        }
    }

    private SessionEvent next(InferenceSession session) {
        run.supervision().waiting(true);
        try {
            return session.next();
        } catch (InterruptedException e) {
            // The interrupt belongs to the guest as a whole: compiled code sees it at its next call or turn of a loop.
            Thread.currentThread().interrupt();
            RealmException verdict = run.supervision().verdict();
            throw new AbiException(
                    verdict != null ? verdict : new RealmException(ErrorCode.CANCELLED, "the guest's thread was interrupted"));
        } finally {
            run.supervision().waiting(false);
        }
    }
}
