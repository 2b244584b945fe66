package ai.realm.core.tokenizer;

import java.util.concurrent.CancellationException;

/**
 * Lets a thread that encodes a long text be ended: every so many steps it is asked whether it was interrupted. A thread that runs a
 * guest's code also waits there while it is not its turn.
 */
final class Interruption {
    private static final int STEPS = 256;

    private Interruption() {
    }

    /** @param step counts up by one from call to call */
    static void check(int step) {
        if (step % STEPS == 0 && Thread.currentThread().isInterrupted()) {
            throw new CancellationException("encoding was interrupted");
        }
    }
}
