package ai.realm.core.sampling;

/** Chooses the largest logit, the lower id of equals. */
final class GreedyStage implements SamplerStage {
    @Override
    public void apply(Candidates c) {
        c.select(c.argMax());
    }
}
