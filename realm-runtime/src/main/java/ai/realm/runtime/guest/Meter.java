package ai.realm.runtime.guest;

import ai.realm.runtime.session.TokenMeter;
import ai.realm.runtime.session.Usage;

/** Counts what a request's sequences use to the request. */
record Meter(GuestRun run) implements TokenMeter {
    @Override
    public void begin(int promptTokens, int maxTokens) {
        // the sequence was started within what is left
    }

    @Override
    public void end(long bound, Usage used) {
        run.used(used);
    }
}
