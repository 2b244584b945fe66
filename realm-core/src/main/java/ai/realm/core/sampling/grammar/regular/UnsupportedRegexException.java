package ai.realm.core.sampling.grammar.regular;

/** A regular expression that is broken, or has what no finite automaton can follow; the message says what. */
public final class UnsupportedRegexException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnsupportedRegexException(String what) {
        super(what);
    }
}
