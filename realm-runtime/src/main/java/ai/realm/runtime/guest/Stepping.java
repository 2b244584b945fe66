package ai.realm.runtime.guest;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.guest.HostSequences.Steered;
import ai.realm.runtime.guest.TokenHooks.Verdict;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.session.StepText;
import ai.realm.runtime.session.TokenSequence;
import ai.realm.runtime.session.TokenSequence.State;
import ai.realm.runtime.session.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A generation that its guest looks at token by token with {@code on_step}: the model computes the next pass while the guest decides,
 * and what comes after a token is chosen only when the guest has seen it.
 */
final class Stepping {
    private static final long LOOK_NANOS = 1_000_000_000;

    private final GuestRun run;
    private final HostSequences sequences;
    private final TokenHooks hooks;
    /** Characters of the text that were passed on or swallowed. */
    private int handled;
    private int generated;
    /** The guest took tokens back in the last step. */
    private boolean back;

    Stepping(GuestRun run, HostSequences sequences, TokenHooks hooks) {
        this.run = run;
        this.sequences = sequences;
        this.hooks = hooks;
    }

    byte[] generate(GuestMemory memory, int model, Prompt prompt, SamplingParams params, boolean deliver) {
        Steered s = sequences.stepping(model, params);
        Usage before = run.usage();
        try {
            int[] ids = switch (prompt) {
                case TokenPrompt t -> t.ids();
                case TextPrompt t -> {
                    try (GuestMemory.Loan loan = memory.forEncoding(t.text().length())) {
                        yield t.ids(s.tokenizer);
                    }
                }
            };
            sequences.waiting(() -> {
                s.sequence.feed(ids);
                return 0;
            });
            run.pieces().begin(params.logProbs());
            StepText text = new StepText(s.sequence, s.tokenizer, params);
            FinishReason reason = steps(s, text, params, deliver);
            text.finish();
            if (deliver) {
                send(text, Verdict.PASS, List.of());
            } else {
                run.answer().generated(Text.withoutNul(text.from(0)), List.of());
            }
            byte[] result = Text.utf8(Text.withoutNul(text.from(0)) + '\0');
            sequences.done(s);
            run.stepped(reason, before, result);
            return result;
        } finally {
            sequences.done(s);
        }
    }

    private FinishReason steps(Steered s, StepText text, SamplingParams params, boolean deliver) {
        if (show(s, text, List.of(), false, params, deliver) == Verdict.STOP) {
            return FinishReason.STOP;
        }
        sequences.start(s, params.maxTokens(), true);
        while (true) {
            State state = await(s.sequence);
            List<TokenLogProbs> came = new ArrayList<>();
            for (TokenLogProbs t = s.sequence.poll(); t != null; t = s.sequence.poll()) {
                came.add(t);
            }
            generated += came.size();
            int length = s.sequence.length();
            boolean ends = state == State.END && came.isEmpty();
            if (came.isEmpty() && !ends) {
                return FinishReason.LENGTH;
            }
            Verdict verdict = show(s, text, came, ends, params, deliver);
            if (verdict == Verdict.STOP || text.stopped()) {
                return FinishReason.STOP;
            }
            boolean changed = back || s.sequence.length() != length;
            if (ends || state == State.LENGTH) {
                int left = params.maxTokens() - generated;
                if (ends && !changed || left < 1) {
                    return ends ? FinishReason.STOP : FinishReason.LENGTH;
                }
                sequences.start(s, left, true);
            } else if (state == State.GENERATING) {
                sequences.waiting(() -> {
                    s.sequence.goOn();
                    return 0;
                });
            }
        }
    }

    /** Shows the guest a step, and passes on what it lets pass. */
    private Verdict show(Steered s, StepText text, List<TokenLogProbs> came, boolean ends, SamplingParams params,
            boolean deliver) {
        Verdict verdict = hooks.onStep(s.handle, came, ends, s.vocab());
        back = text.follow();
        List<TokenLogProbs> logProbs = params.logProbs() >= 0 && !back ? came : List.of();
        if (params.logProbs() >= 0) {
            run.pieces().add(Text.withoutNul(text.from(handled)), logProbs);
        }
        if (deliver) {
            send(text, verdict, logProbs);
        }
        return verdict;
    }

    private void send(StepText text, Verdict verdict, List<TokenLogProbs> tokens) {
        String piece = text.from(handled);
        handled = text.length();
        if (verdict == Verdict.PASS) {
            run.answer().send(Text.withoutNul(piece), tokens);
        }
    }

    /** Waits until there is a token or it has stopped. */
    private State await(TokenSequence s) {
        s.watch(true);
        return sequences.waiting(() -> {
            State state = s.state();
            while (state == State.GENERATING && s.untaken() == 0) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                LockSupport.parkNanos(this, LOOK_NANOS);
                state = s.state();
            }
            return state;
        });
    }
}
