package ai.realm.core.sampling.grammar;

import ai.realm.core.tokenizer.Vocab;

/** One symbol of a rule: a character of a class, another rule, or one token as a whole. */
public sealed interface Symbol {
    record Char(CharClass set) implements Symbol {}

    record Rule(int id) implements Symbol {}

    /** @param negated any token but this one */
    record Token(int id, boolean negated) implements Symbol {
        /** Whether it means this token; "any but" never means the end of the generation. */
        boolean names(int token, Vocab vocab) {
            return negated ? id != token && !vocab.endOfGenerationIds().contains(token) : id == token;
        }
    }
}
