package ai.realm.core.chat.jinja;

/**
 * One token of a template.
 *
 * @param text the template's text, a name, a decoded string, digits, or an operator
 */
record Token(Kind kind, String text, int line) {

    enum Kind {
        DATA("text"),
        VARIABLE_BEGIN("'{{'"),
        VARIABLE_END("'}}'"),
        BLOCK_BEGIN("'{%'"),
        BLOCK_END("'%}'"),
        NAME("a name"),
        STRING("a string"),
        INTEGER("an integer"),
        FLOAT("a number"),
        OPERATOR("an operator"),
        EOF("the end of the template");

        final String description;

        Kind(String description) {
            this.description = description;
        }
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    String describe() {
        return switch (kind) {
            case NAME, OPERATOR, INTEGER, FLOAT -> "'" + text + "'";
            default -> kind.description;
        };
    }
}
