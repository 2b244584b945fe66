package ai.realm.core.sampling;

/** Draws a token in proportion to the softmax of the logits. */
final class DrawStage implements SamplerStage {
    private final SeededRandom random;

    DrawStage(long seed) {
        this.random = new SeededRandom(seed);
    }

    @Override
    public void apply(Candidates c) {
        c.select(c.draw(random.nextDouble()));
    }
}
