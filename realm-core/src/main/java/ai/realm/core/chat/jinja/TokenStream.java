package ai.realm.core.chat.jinja;

import ai.realm.core.chat.jinja.Token.Kind;
import java.util.List;

/** The tokens of a template as its parser takes them. */
final class TokenStream {
    private final List<Token> tokens;
    private int at;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    Token next() {
        Token t = tokens.get(at);
        if (at < tokens.size() - 1) {
            at++;
        }
        return t;
    }

    Token peek() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    boolean skipOperator(String operator) {
        return skip(current().isOperator(operator));
    }

    boolean skipName(String name) {
        return skip(current().isName(name));
    }

    private boolean skip(boolean found) {
        if (found) {
            next();
        }
        return found;
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw fail("expected '" + operator + "', got " + current().describe());
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw fail("expected '" + name + "', got " + current().describe());
        }
    }

    Token expect(Kind kind) {
        if (current().kind() != kind) {
            throw fail("expected " + kind.description + ", got " + current().describe());
        }
        return next();
    }

    JinjaError fail(String message) {
        return JinjaError.syntax(message, current().line());
    }
}
