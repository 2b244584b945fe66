package ai.realm.core.chat.jinja;

import ai.realm.core.chat.jinja.Stmt.Flow;
import ai.realm.core.chat.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parses a template into statements. */
final class Parser {
    private static final Set<String> LOADERS = Set.of("extends", "include", "import", "from");
    private static final Set<String> RESERVED = Set.of("true", "false", "none", "True", "False", "None");

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    /** Whether break and continue have a loop to act on. */
    private boolean inLoop;

    private Parser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    static List<Stmt> parse(List<Token> tokens) {
        return new Parser(new TokenStream(tokens)).body();
    }

    /** Statements up to one of the end tags, at whose name it stops; without end tags, the whole template. */
    private List<Stmt> body(String... ends) {
        List<Stmt> out = new ArrayList<>();
        while (tokens.current().kind() != Kind.EOF) {
            Token t = tokens.next();
            switch (t.kind()) {
                case DATA -> out.add(new Stmts.Text(t.text()));
                case VARIABLE_BEGIN -> {
                    out.add(new Stmts.Print(expressions.tuple(false, true, null), t.line()));
                    tokens.expect(Kind.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    for (String end : ends) {
                        if (tokens.current().isName(end)) {
                            return out;
                        }
                    }
                    expressions.enter();
                    out.add(statement());
                    expressions.leave();
                    tokens.expect(Kind.BLOCK_END);
                }
                default -> throw tokens.fail("unexpected " + t.describe());
            }
        }
        if (ends.length > 0) {
            throw tokens.fail("unexpected end of template, expected '" + String.join("' or '", ends) + "'");
        }
        return out;
    }

    /** The body of a block statement after its head, and the name of the tag that ended it. */
    private List<Stmt> blockBody(String... ends) {
        tokens.skipOperator(":");
        tokens.expect(Kind.BLOCK_END);
        return body(ends);
    }

    /** The body of a block with one end tag, which is taken too. */
    private List<Stmt> wholeBody(String end) {
        List<Stmt> body = blockBody(end);
        tokens.next();
        return body;
    }

    private Stmt statement() {
        Token t = tokens.current();
        if (t.kind() != Kind.NAME) {
            throw tokens.fail("tag name expected, got " + t.describe());
        }
        tokens.next();
        return switch (t.text()) {
            case "if" -> ifStatement(t.line());
            case "for" -> forStatement(t.line());
            case "set" -> setStatement(t.line());
            case "macro" -> macro();
            case "call" -> callBlock(t.line());
            case "filter" -> new Stmts.Capture(null, expressions.blockFilters(true), wholeBody("endfilter"), t.line());
            case "with" -> with(t.line());
            case "generation" -> new Stmts.Scoped(List.of(), List.of(), wholeBody("endgeneration"), t.line());
            case "block" -> block(t.line());
            case "print" -> new Stmts.Print(expressions.tuple(false, true, null), t.line());
            case "autoescape" -> autoescape(t.line());
            case "break" -> jump(Flow.BREAK);
            case "continue" -> jump(Flow.CONTINUE);
            default -> throw JinjaError.syntax(LOADERS.contains(t.text())
                    ? "a chat template cannot load others: " + t.text()
                    : "unknown tag '" + t.text() + "'", t.line());
        };
    }

    private Stmt ifStatement(int line) {
        List<Expr> tests = new ArrayList<>();
        List<List<Stmt>> bodies = new ArrayList<>();
        while (true) {
            tests.add(expressions.tuple(false, false, null));
            bodies.add(blockBody("elif", "else", "endif"));
            String end = tokens.next().text();
            if (end.equals("else")) {
                bodies.add(wholeBody("endif"));
            }
            if (!end.equals("elif")) {
                return new Stmts.If(tests, bodies, line);
            }
        }
    }

    private Stmt forStatement(int line) {
        Target target = target("in", false);
        tokens.expectName("in");
        Expr iterable = expressions.tuple(false, false, "recursive");
        Expr test = tokens.skipName("if") ? expressions.expression() : null;
        boolean recursive = tokens.skipName("recursive");
        boolean outer = inLoop;
        inLoop = true;
        List<Stmt> body = blockBody("endfor", "else");
        inLoop = outer;
        List<Stmt> otherwise = tokens.next().isName("else") ? wholeBody("endfor") : List.of();
        return new Stmts.For(target, iterable, test, recursive, body, otherwise, line);
    }

    private Stmt jump(Flow flow) {
        if (!inLoop) {
            throw tokens.fail("break and continue belong in a loop");
        }
        return new Stmts.Jump(flow);
    }

    private Stmt setStatement(int line) {
        Target target = target(null, true);
        if (tokens.skipOperator("=")) {
            return new Stmts.Set(target, expressions.tuple(false, true, null), line);
        }
        Expr filter = expressions.blockFilters(false);
        return new Stmts.Capture(target, filter, wholeBody("endset"), line);
    }

    private Target target(@org.jspecify.annotations.Nullable String end, boolean withAttributes) {
        List<Target> targets = new ArrayList<>();
        boolean tuple = false;
        while (!expressions.isTupleEnd(end)) {
            targets.add(singleTarget(withAttributes));
            if (!tokens.skipOperator(",")) {
                break;
            }
            tuple = true;
        }
        if (targets.isEmpty()) {
            throw tokens.fail("expected a name to assign to, got " + tokens.current().describe());
        }
        return tuple ? new Target.Tuple(targets) : targets.getFirst();
    }

    private Target singleTarget(boolean withAttributes) {
        if (tokens.skipOperator("(")) {
            expressions.enter();
            Target inner = target(null, withAttributes);
            expressions.leave();
            tokens.expectOperator(")");
            return inner;
        }
        String name = assignableName();
        if (withAttributes && tokens.skipOperator(".")) {
            return new Target.Attribute(name, tokens.expect(Kind.NAME).text());
        }
        return new Target.Name(name);
    }

    private String assignableName() {
        Token t = tokens.expect(Kind.NAME);
        if (RESERVED.contains(t.text())) {
            throw JinjaError.syntax("cannot assign to '" + t.text() + "'", t.line());
        }
        return t.text();
    }

    private Stmt macro() {
        String name = assignableName();
        List<String> parameters = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        signature(parameters, defaults);
        return new Stmts.DefineMacro(definition(name, parameters, defaults, "endmacro"));
    }

    private void signature(List<String> parameters, List<Expr> defaults) {
        tokens.expectOperator("(");
        while (!tokens.current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            String name = assignableName();
            if (parameters.contains(name)) {
                throw tokens.fail("duplicate parameter '" + name + "'");
            }
            parameters.add(name);
            if (tokens.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.fail("non-default argument follows default argument");
            }
        }
        tokens.expectOperator(")");
    }

    private Macro.Definition definition(String name, List<String> parameters, List<Expr> defaults, String end) {
        boolean outer = inLoop;
        inLoop = false;
        Set<String> before = expressions.collectNames();
        List<Stmt> body = wholeBody(end);
        Set<String> read = expressions.restoreNames(before);
        inLoop = outer;
        return new Macro.Definition(name, parameters, defaults, body, read.contains("caller"), read.contains("kwargs"),
                read.contains("varargs"));
    }

    private Stmt callBlock(int line) {
        List<String> parameters = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        if (tokens.current().isOperator("(")) {
            signature(parameters, defaults);
        }
        if (!(expressions.expression() instanceof Exprs.Call call)) {
            throw JinjaError.syntax("expected a call", line);
        }
        return new Stmts.CallBlock(call, definition("caller", parameters, defaults, "endcall"), line);
    }

    private Stmt with(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (tokens.current().kind() != Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(new Target.Name(assignableName()));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Stmts.Scoped(targets, values, wholeBody("endwith"), line);
    }

    private Stmt block(int line) {
        tokens.expect(Kind.NAME);
        tokens.skipName("scoped");
        tokens.skipName("required");
        List<Stmt> body = wholeBody("endblock");
        if (tokens.current().kind() == Kind.NAME) {
            tokens.next();
        }
        return new Stmts.Scoped(List.of(), List.of(), body, line);
    }

    private Stmt autoescape(int line) {
        if (!(expressions.expression() instanceof Exprs.Const on) || Py.truth(on.value())) {
            throw JinjaError.syntax("autoescape can only be false in a chat template", line);
        }
        return new Stmts.Scoped(List.of(), List.of(), wholeBody("endautoescape"), line);
    }
}
