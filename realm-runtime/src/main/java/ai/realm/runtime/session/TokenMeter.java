package ai.realm.runtime.session;

/** Is asked before a sequence computes, and told what it used. One thread. */
public interface TokenMeter {
    /**
     * @param promptTokens given tokens that will be computed
     * @param maxTokens tokens that may be generated
     * @throws ai.realm.core.error.RealmException when that may not be
     */
    void begin(int promptTokens, int maxTokens);

    /**
     * What was begun has ended; once for each begin.
     *
     * @param bound tokens that were spoken of then
     */
    void end(long bound, Usage used);
}
