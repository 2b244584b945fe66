package ai.realm.core.chat.jinja;

import ai.realm.core.chat.jinja.Exprs.Arguments;
import ai.realm.core.chat.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses expressions with Jinja 3.1's precedence. */
final class ExpressionParser {
    /** Each level of parentheses costs a dozen Java frames. */
    private static final int MAX_NESTING = 100;
    private static final int MAX_CHAIN = 1000;
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<Kind> TEST_ARGUMENT = Set.of(Kind.NAME, Kind.STRING, Kind.INTEGER, Kind.FLOAT);

    private final TokenStream tokens;
    private int nesting;
    /** Every name read so far, to see which special names a macro's body uses. */
    private Set<String> namesRead = new HashSet<>();

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** Starts to collect the names that are read; give the result to {@link #restoreNames} at the end. */
    Set<String> collectNames() {
        Set<String> before = namesRead;
        namesRead = new HashSet<>();
        return before;
    }

    /** The names read since {@link #collectNames}. */
    Set<String> restoreNames(Set<String> before) {
        Set<String> read = namesRead;
        before.addAll(read);
        namesRead = before;
        return read;
    }

    void enter() {
        if (++nesting > MAX_NESTING) {
            throw tokens.fail("nesting is deeper than " + MAX_NESTING + " levels");
        }
    }

    void leave() {
        nesting--;
    }

    Expr expression() {
        return expression(true);
    }

    Expr expression(boolean withConditional) {
        enter();
        Expr e = withConditional ? conditional() : or();
        leave();
        return e;
    }

    private Expr conditional() {
        Expr e = or();
        for (int links = 0; tokens.skipName("if"); links++) {
            checkChain(links);
            Expr test = or();
            Expr otherwise = null;
            if (tokens.skipName("else")) {
                enter();
                otherwise = conditional();
                leave();
            }
            e = new Exprs.Conditional(test, e, otherwise);
        }
        return e;
    }

    private void checkChain(int links) {
        if (links > MAX_CHAIN) {
            throw tokens.fail("an expression chains more than " + MAX_CHAIN + " operators");
        }
    }

    private Expr or() {
        Expr e = and();
        for (int links = 0; tokens.skipName("or"); links++) {
            checkChain(links);
            e = new Exprs.Or(e, and());
        }
        return e;
    }

    private Expr and() {
        Expr e = not();
        for (int links = 0; tokens.skipName("and"); links++) {
            checkChain(links);
            e = new Exprs.And(e, not());
        }
        return e;
    }

    private Expr not() {
        if (tokens.skipName("not")) {
            enter();
            Expr e = new Exprs.Not(not());
            leave();
            return e;
        }
        return comparison();
    }

    private Expr comparison() {
        Expr first = sum();
        List<String> operators = new ArrayList<>();
        List<Expr> rest = new ArrayList<>();
        while (true) {
            Token t = tokens.current();
            if (t.kind() == Kind.OPERATOR && COMPARISONS.contains(t.text())) {
                operators.add(tokens.next().text());
            } else if (tokens.skipName("in")) {
                operators.add("in");
            } else if (t.isName("not") && tokens.peek().isName("in")) {
                tokens.next();
                tokens.next();
                operators.add("not in");
            } else {
                return operators.isEmpty() ? first : new Exprs.Compare(first, operators, rest);
            }
            checkChain(operators.size());
            rest.add(sum());
        }
    }

    private Expr sum() {
        Expr e = concat();
        for (int links = 0; tokens.current().isOperator("+") || tokens.current().isOperator("-"); links++) {
            checkChain(links);
            String operator = tokens.next().text();
            e = new Exprs.Binary(operator, e, concat());
        }
        return e;
    }

    private Expr concat() {
        Expr first = product();
        if (!tokens.current().isOperator("~")) {
            return first;
        }
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (tokens.skipOperator("~")) {
            parts.add(product());
        }
        return new Exprs.Concat(parts);
    }

    private Expr product() {
        Expr e = power();
        for (int links = 0; isProduct(tokens.current()); links++) {
            checkChain(links);
            String operator = tokens.next().text();
            e = new Exprs.Binary(operator, e, power());
        }
        return e;
    }

    private static boolean isProduct(Token t) {
        return t.isOperator("*") || t.isOperator("/") || t.isOperator("//") || t.isOperator("%");
    }

    private Expr power() {
        Expr e = unary(true);
        for (int links = 0; tokens.skipOperator("**"); links++) {
            checkChain(links);
            e = new Exprs.Binary("**", e, unary(true));
        }
        return e;
    }

    private Expr unary(boolean withFilter) {
        enter();
        Expr e;
        if (tokens.skipOperator("-")) {
            e = new Exprs.Negate(unary(false));
        } else if (tokens.skipOperator("+")) {
            e = new Exprs.Plus(unary(false));
        } else {
            e = primary();
        }
        e = postfix(e);
        if (withFilter) {
            e = filters(e);
        }
        leave();
        return e;
    }

    private Expr primary() {
        Token t = tokens.current();
        switch (t.kind()) {
            case NAME -> {
                tokens.next();
                return name(t.text());
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (tokens.current().kind() == Kind.STRING) {
                    text.append(tokens.next().text());
                }
                return new Exprs.Const(text.toString());
            }
            case INTEGER -> {
                tokens.next();
                return new Exprs.Const(integer(t));
            }
            case FLOAT -> {
                tokens.next();
                return new Exprs.Const(Double.valueOf(t.text()));
            }
            default -> {
                if (tokens.skipOperator("(")) {
                    Expr e = tuple(true, true, null);
                    tokens.expectOperator(")");
                    return e;
                }
                if (tokens.skipOperator("[")) {
                    return list();
                }
                if (tokens.skipOperator("{")) {
                    return dict();
                }
                throw tokens.fail("unexpected " + t.describe());
            }
        }
    }

    private Expr name(String name) {
        return switch (name) {
            case "true", "True" -> new Exprs.Const(true);
            case "false", "False" -> new Exprs.Const(false);
            case "none", "None" -> new Exprs.Const(null);
            default -> {
                namesRead.add(name);
                yield new Exprs.Name(name);
            }
        };
    }

    private Long integer(Token t) {
        Long value = PyNumbers.parseInt(t.text(), t.text().length() > 1 && t.text().charAt(0) == '0' ? 0 : 10);
        if (value == null && t.text().chars().allMatch(x -> x == '0')) {
            return 0L;
        }
        if (value == null) {
            throw JinjaError.syntax("an integer must fit 64 bits, " + t.text() + " does not", t.line());
        }
        return value;
    }

    /**
     * One expression, or several with commas between as a tuple.
     *
     * @param parenthesized an empty one is allowed
     * @param end a name that ends it, or null
     */
    Expr tuple(boolean parenthesized, boolean withConditional, @Nullable String end) {
        List<Expr> items = new ArrayList<>();
        boolean isTuple = false;
        while (!isTupleEnd(end)) {
            items.add(expression(withConditional));
            if (!tokens.skipOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (!isTuple && items.size() == 1) {
            return items.getFirst();
        }
        if (items.isEmpty() && (!parenthesized || isTuple)) {
            throw tokens.fail("expected an expression, got " + tokens.current().describe());
        }
        return new Exprs.Sequence(items, true);
    }

    boolean isTupleEnd(@Nullable String end) {
        Token t = tokens.current();
        return t.kind() == Kind.VARIABLE_END || t.kind() == Kind.BLOCK_END || t.isOperator(")") || end != null && t.isName(end);
    }

    private Expr list() {
        List<Expr> items = new ArrayList<>();
        while (!tokens.current().isOperator("]")) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.current().isOperator("]")) {
                    break;
                }
            }
            items.add(expression());
        }
        tokens.expectOperator("]");
        return new Exprs.Sequence(items, false);
    }

    private Expr dict() {
        List<Expr> keys = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!tokens.current().isOperator("}")) {
            if (!keys.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.current().isOperator("}")) {
                    break;
                }
            }
            keys.add(expression());
            tokens.expectOperator(":");
            values.add(expression());
        }
        tokens.expectOperator("}");
        return new Exprs.Dict(keys, values);
    }

    private Expr postfix(Expr start) {
        Expr e = start;
        for (int links = 0;; links++) {
            checkChain(links);
            if (tokens.current().isOperator(".") || tokens.current().isOperator("[")) {
                e = subscript(e);
            } else if (tokens.current().isOperator("(")) {
                e = new Exprs.Call(e, arguments());
            } else {
                return e;
            }
        }
    }

    private Expr filters(Expr start) {
        Expr e = start;
        for (int links = 0;; links++) {
            checkChain(links);
            if (tokens.skipOperator("|")) {
                e = filter(e);
            } else if (tokens.skipName("is")) {
                e = test(e);
            } else if (tokens.current().isOperator("(")) {
                // after a filter, as Jinja has it
                e = new Exprs.Call(e, arguments());
            } else {
                return e;
            }
        }
    }

    private Expr subscript(Expr object) {
        if (tokens.skipOperator(".")) {
            Token t = tokens.next();
            if (t.kind() == Kind.NAME) {
                return new Exprs.Attribute(object, t.text());
            }
            if (t.kind() == Kind.INTEGER) {
                return new Exprs.Item(object, new Exprs.Const(integer(t)));
            }
            throw JinjaError.syntax("expected a name or a number after '.', got " + t.describe(), t.line());
        }
        tokens.expectOperator("[");
        List<Expr> keys = new ArrayList<>();
        Expr sliced = null;
        while (!tokens.current().isOperator("]")) {
            if (!keys.isEmpty() || sliced != null) {
                tokens.expectOperator(",");
            }
            Expr key = tokens.current().isOperator(":") ? null : expression();
            if (tokens.current().isOperator(":")) {
                if (sliced != null || !keys.isEmpty()) {
                    throw tokens.fail("a slice cannot be one of several subscripts");
                }
                sliced = slice(object, key);
            } else if (key != null) {
                keys.add(key);
            }
        }
        tokens.expectOperator("]");
        if (sliced != null && keys.isEmpty()) {
            return sliced;
        }
        if (sliced != null) {
            throw tokens.fail("a slice cannot be one of several subscripts");
        }
        return new Exprs.Item(object, keys.size() == 1 ? keys.getFirst() : new Exprs.Sequence(keys, true));
    }

    private Expr slice(Expr object, @Nullable Expr from) {
        tokens.expectOperator(":");
        Expr to = sliceEnds() || tokens.current().isOperator(":") ? null : expression();
        Expr step = null;
        if (tokens.skipOperator(":")) {
            step = sliceEnds() ? null : expression();
        }
        return new Exprs.Slice(object, from, to, step);
    }

    private boolean sliceEnds() {
        return tokens.current().isOperator("]") || tokens.current().isOperator(",");
    }

    private Arguments arguments() {
        tokens.expectOperator("(");
        List<Expr> positional = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        Expr list = null;
        Expr dict = null;
        boolean first = true;
        while (!tokens.current().isOperator(")")) {
            if (!first) {
                tokens.expectOperator(",");
                if (tokens.current().isOperator(")")) {
                    break;
                }
            }
            first = false;
            if (tokens.current().isOperator("*") && list == null && dict == null) {
                tokens.next();
                list = expression();
            } else if (tokens.current().isOperator("**") && dict == null) {
                tokens.next();
                dict = expression();
            } else if (tokens.current().kind() == Kind.NAME && tokens.peek().isOperator("=") && dict == null) {
                String name = tokens.next().text();
                tokens.next();
                if (names.contains(name)) {
                    throw tokens.fail("keyword argument repeated: " + name);
                }
                names.add(name);
                values.add(expression());
            } else if (names.isEmpty() && list == null && dict == null) {
                positional.add(expression());
            } else {
                throw tokens.fail("invalid syntax for function call expression");
            }
        }
        tokens.expectOperator(")");
        return new Arguments(positional, names, values, list, dict);
    }

    /** A chain of filters on the value that a block gives them; null when there is none. */
    @Nullable
    Expr blockFilters(boolean first) {
        Expr e = null;
        for (int links = 0; first && e == null || tokens.skipOperator("|"); links++) {
            checkChain(links);
            e = filter(e);
        }
        return e;
    }

    private Expr filter(@Nullable Expr value) {
        String name = dottedName();
        Arguments arguments = tokens.current().isOperator("(") ? arguments() : Arguments.NONE;
        return new Exprs.Filtered(value, name, Filters.ALL.get(name), arguments);
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.expect(Kind.NAME).text());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.expect(Kind.NAME).text());
        }
        return name.toString();
    }

    private Expr test(Expr value) {
        boolean negated = tokens.skipName("not");
        String name = dottedName();
        Arguments arguments = Arguments.NONE;
        Token t = tokens.current();
        if (t.isOperator("(")) {
            arguments = arguments();
        } else if ((TEST_ARGUMENT.contains(t.kind()) || t.isOperator("[") || t.isOperator("{")) && !t.isName("else")
                && !t.isName("or") && !t.isName("and")) {
            if (t.isName("is")) {
                throw tokens.fail("you cannot chain multiple tests with is");
            }
            arguments = new Arguments(List.of(postfix(primary())), List.of(), List.of(), null, null);
        }
        Expr e = new Exprs.Tested(value, name, Tests.ALL.get(name), arguments);
        return negated ? new Exprs.Not(e) : e;
    }
}
