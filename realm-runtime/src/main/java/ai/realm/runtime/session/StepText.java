package ai.realm.runtime.session;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Detokenizer;
import ai.realm.core.tokenizer.Tokenizer;
import java.util.Arrays;

/** The text of an output whose last tokens may be taken back: whole characters, nothing that may yet become a stop string. */
public final class StepText {
    private final TokenSequence sequence;
    private final Tokenizer tokenizer;
    private final SamplingParams params;
    private final int base;
    private final StringBuilder text = new StringBuilder();
    private int[] shown = new int[64];
    private int count;
    private int rollbacks;
    private Detokenizer detokenizer;
    private StopMatcher stops;

    /** @param sequence whose tokens from now on are the output */
    public StepText(TokenSequence sequence, Tokenizer tokenizer, SamplingParams params) {
        this.sequence = sequence;
        this.tokenizer = tokenizer;
        this.params = params;
        this.base = sequence.length();
        this.detokenizer = tokenizer.detokenizer(params.shownTokens());
        this.stops = new StopMatcher(params.stopStrings());
    }

    /** Brings it to where the sequence stands now; whether tokens were taken back. */
    public boolean follow() {
        int length = Math.max(0, sequence.length() - base);
        int now = sequence.rollbacks();
        boolean back = now != rollbacks && differs(length);
        rollbacks = now;
        if (back) {
            count = 0;
            text.setLength(0);
            detokenizer = tokenizer.detokenizer(params.shownTokens());
            stops = new StopMatcher(params.stopStrings());
        }
        while (count < length && !stops.found()) {
            if (count == shown.length) {
                shown = Arrays.copyOf(shown, 2 * count);
            }
            shown[count] = sequence.token(base + count);
            text.append(stops.accept(detokenizer.accept(shown[count])));
            count++;
        }
        return back;
    }

    private boolean differs(int length) {
        for (int i = 0; i < count; i++) {
            if (i >= length || shown[i] != sequence.token(base + i)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a stop string is complete. */
    public boolean stopped() {
        return stops.found();
    }

    /** Characters that are certain so far. */
    public int length() {
        return text.length();
    }

    /** What is certain from a place on. */
    public String from(int start) {
        return text.substring(Math.min(start, text.length()));
    }

    /** Nothing comes any more: what was held back is text too. */
    public void finish() {
        if (!stops.found()) {
            text.append(stops.accept(detokenizer.finish()));
        }
        if (!stops.found()) {
            text.append(stops.finish());
        }
    }
}
