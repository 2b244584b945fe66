package ai.realm.runtime.guest;

import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.tokenizer.Vocab;
import java.util.List;

/** A guest's {@code on_token} and {@code on_step}: what it is shown of a generation, and its word on it. */
final class TokenHooks {
    private final GuestRun run;
    private final GuestInstance guest;
    private long blockPtr;
    private long blockSize;

    /** What they may answer. */
    enum Verdict {
        PASS,
        SWALLOW,
        STOP
    }

    TokenHooks(GuestRun run, GuestInstance guest) {
        this.run = run;
        this.guest = guest;
    }

    private long block(int bytes) {
        if (bytes > blockSize) {
            if (blockSize > 0) {
                guest.free(blockPtr, blockSize);
            }
            blockSize = (bytes + 255L) & -256;
            blockPtr = guest.allocate(blockSize);
        }
        return blockPtr;
    }

    private int call(GuestRun.Phase phase, long... args) {
        GuestRun.Phase before = run.enter(phase);
        int answer = (int) guest.export(phase.code(), args);
        run.enter(before);
        return answer;
    }

    boolean seesSteps() {
        return run.guest().facts().onStep();
    }

    Verdict onToken(String piece) {
        if (!run.guest().facts().onToken()) {
            return Verdict.PASS;
        }
        byte[] bytes = Text.utf8(piece);
        long at = block(bytes.length);
        guest.memory().write(at, bytes, "piece");
        int answer = call(GuestRun.Phase.ON_TOKEN, at, bytes.length);
        return switch (answer) {
            case 0 -> Verdict.PASS;
            case 1 -> Verdict.SWALLOW;
            case 2 -> Verdict.STOP;
            default -> throw GuestInstance.broken("on_token returned " + answer + "; allowed: 0 pass on, 1 swallow, 2 stop");
        };
    }

    /**
     * @param tokens none before the first, and where the model would end
     * @param ends whether it would end here
     */
    Verdict onStep(int handle, List<TokenLogProbs> tokens, boolean ends, Vocab vocab) {
        int size = StepRecords.size(tokens, vocab);
        long at = block(Math.max(1, size));
        guest.memory().write(at, StepRecords.write(tokens, tokens.size(), vocab, at), "records");
        int answer = call(GuestRun.Phase.ON_STEP, handle, at, ends ? -1 : tokens.size());
        return switch (answer) {
            case 0 -> Verdict.PASS;
            case 1, 3 -> Verdict.SWALLOW;
            case 2 -> Verdict.STOP;
            default -> throw GuestInstance.broken(
                    "on_step returned " + answer + "; allowed: 0 pass on, 1 swallow, 2 stop, 3 rolled back");
        };
    }
}
