package ai.realm.core.sampling;

import java.util.Arrays;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Chooses by a {@link Sampler}, one token after another for as long as guesses turn out to be what it samples anyway: so the output does
 * not depend on what was guessed.
 */
public final class SamplerChooser implements Chooser {
    private final Sampler sampler;
    private final int[] endTokens;
    private final @Nullable Drafts drafts;
    private final long workBefore;

    /** @param endTokens ids that end the output and are not part of it */
    public SamplerChooser(Sampler sampler, Collection<Integer> endTokens) {
        this(sampler, endTokens, null, 0);
    }

    /**
     * @param drafts where guesses come from, or null for none
     * @param workBefore steps of work that were done for it before the first choice
     */
    public SamplerChooser(Sampler sampler, Collection<Integer> endTokens, @Nullable Drafts drafts, long workBefore) {
        this.sampler = sampler;
        this.endTokens = endTokens.stream().mapToInt(Integer::intValue).sorted().toArray();
        this.drafts = drafts;
        this.workBefore = workBefore;
    }

    @Override
    public void choose(LogitRows rows, Choice choice, long steps) {
        int guessed = rows.count() - 1;
        for (int row = 0; row < rows.count(); row++) {
            int token = sampler.sample(rows.data(), rows.offset(row), rows.cols(), steps);
            if (token == Sampler.LATER) {
                choice.goOn(Choice.Kind.LATER);
                return;
            }
            if (Arrays.binarySearch(endTokens, token) >= 0) {
                choice.goOn(Choice.Kind.END);
                return;
            }
            TokenLogProbs details = sampler.lastLogProbs();
            sampler.accept(token);
            choice.accept(token, details);
            if (drafts != null) {
                drafts.accept(token);
            }
            if (token != rows.next(row)) {
                break;
            }
        }
        if (drafts != null) {
            if (guessed > 0) {
                drafts.verified(Math.min(guessed, choice.count() - 1), guessed);
            }
            drafts.guess(choice);
        }
    }

    @Override
    public long work() {
        return workBefore + sampler.work();
    }
}
