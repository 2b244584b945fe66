package ai.realm.core.chat.tools;

/**
 * A text in free text after which a rule must match.
 *
 * @param pattern the text; {@link #SPACE} stands for white space or nothing
 * @param first whether it counts only before any other text
 * @param rule GBNF of what follows, with the end of the answer
 */
record Trigger(String pattern, boolean first, String rule) {
    static final char SPACE = '\uE000';
}
