package ai.realm.runtime.scheduler;

/** What a sequence's doings are worth in its tenant's account, in prompt tokens computed. */
final class Service {
    /** A prompt token that is computed, and a generated one: the weights of Sheng et al. */
    static final double PROMPT = 1;
    static final double OUTPUT = 2;
    /** A row of logits beside the one that a token is chosen by. */
    static final double ROW = 1;
    /** A step of work that a chooser does beyond what every one does: a prompt token's for some ten thousands. */
    static final double CHOOSER_STEP = 1.0 / 50_000;

    private Service() {
    }
}
