package ai.realm.core.sampling;

/** One step of a sampler chain: changes, removes or orders candidates, and may follow the history. */
public interface SamplerStage {
    /** Works on the candidates in place. */
    void apply(Candidates candidates);

    /** Records a token of the prompt or the output. */
    default void accept(int token) {
    }
}
