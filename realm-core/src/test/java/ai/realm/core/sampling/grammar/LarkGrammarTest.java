package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LarkGrammarTest {
    private static Grammar lark(String text) {
        return Grammar.gbnf(LarkGrammar.toGbnf(text), null);
    }

    @Test
    void toGbnf_rulesTerminalsAndRepetitions_matchWhatLarkDoes() {
        Grammar g = lark("""
                // a small query
                ?start: "SELECT"i " " columns (" WHERE " cond)? -> query
                columns: NAME ("," NAME)*
                       | "*"
                cond: NAME "=" value
                value: NUMBER | /'[^']*'/ | "true"
                NAME.2: ("a".."z")~1..8
                %import common.INT -> NUMBER
                """);
        assertThat(g.matches("SELECT a,bc WHERE x=12")).isTrue();
        assertThat(g.matches("select * WHERE x='a b'")).isTrue();
        assertThat(g.matches("SELECT a, b")).isFalse();
        assertThat(g.matches("SELECT abcdefghi")).isFalse();
    }

    @Test
    void toGbnf_ignored_mayStandAfterTerminals() {
        Grammar g = lark("""
                start: expr
                expr: term ("+" term)*
                term: INT | "(" expr ")"
                %import common.INT
                %import common.WS
                %ignore WS
                """);
        assertThat(g.matches("1+(2 + 3)")).isTrue();
        assertThat(g.matches("1 + ( 2+3 )")).isTrue();
        assertThat(g.matches("1 2")).isFalse();
    }

    @Test
    void toGbnf_jsonOfASchema_isHeld() {
        Grammar g = lark("start: \"x=\" %json {\"enum\": [1, \"a\"]}");
        assertThat(g.matches("x=1")).isTrue();
        assertThat(g.matches("x=\"a\"")).isTrue();
        assertThat(g.matches("x=2")).isFalse();
    }

    @Test
    void gbnf_regularExpression_matchesTheWhole() {
        Grammar g = Grammar.gbnf("root ::= \"id-\" %regex \"[0-9]{2,3}(a|b)?\" \"!\"", null);
        assertThat(g.matches("id-12!")).isTrue();
        assertThat(g.matches("id-123b!")).isTrue();
        assertThat(g.matches("id-1!")).isFalse();
        assertThatThrownBy(() -> Grammar.gbnf("root ::= %regex \"(a)\\\\1\"", null)).isInstanceOf(RealmException.class);
        assertThatThrownBy(() -> Grammar.gbnf("root ::= %regex 1", null)).isInstanceOf(RealmException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "other: \"a\"", "start: (", "start: \"a", "start: /a", "start: /a/x", "start", "start: b{c}",
            "%import unknown.X\nstart: \"a\"", "%import common.NOTHING\nstart: \"a\"", "start: \"a\"~5..2", "start: start \"a\"",
            "start: start", "start: \"a\"? start \"b\" | \"c\"",
            "start: x", "start: \"ab\"..\"c\"", "%bogus", "start: \"a\"\nstart: \"b\"", "start: \"\\q\"", "start: ~3"})
    void toGbnf_whatIsNoGrammar_isRefused(String text) {
        assertThatThrownBy(() -> lark(text)).isInstanceOf(RealmException.class);
    }

    /** As Lark's own examples are written. */
    @Test
    void toGbnf_rulesThatBeginWithThemselves_matchWhatLarkDoes() {
        Grammar sum = lark("""
                ?start: sum
                ?sum: product | sum "+" product | sum "-" product -> sub
                ?product: atom | product "*" atom
                ?atom: NUMBER | "-" atom | "(" sum ")"
                %import common.NUMBER
                %import common.WS_INLINE
                %ignore WS_INLINE
                """);
        for (String text : List.of("1", "1+2", "1 - 2*3 + 4", "-(1+2)*3", "((1))")) {
            assertThat(sum.matches(text)).as(text).isTrue();
        }
        for (String text : List.of("", "+1", "1+", "1**2", "(1")) {
            assertThat(sum.matches(text)).as(text).isFalse();
        }
    }

    @Test
    void toGbnf_rulesThatBeginWithThemselvesThroughOthers_matchWhatLarkDoes() {
        Grammar calls = lark("""
                start: primary
                primary: NAME | call | primary "." NAME | index
                call: primary "(" [args] ")"
                index: primary "[" primary "]"
                args: primary | args "," primary
                NAME: /[a-z]+/
                """);
        for (String text : List.of("f", "f()", "a.b(c)", "a.b(c,d.e()).f[g[h]]", "a[b](c)")) {
            assertThat(calls.matches(text)).as(text).isTrue();
        }
        for (String text : List.of("f(", "f(,)", ".a", "a..b", "a[]", "a(b,)")) {
            assertThat(calls.matches(text)).as(text).isFalse();
        }
        Grammar empty = lark("start: start \"a\" | start | \"\"");
        assertThat(empty.matches("")).isTrue();
        assertThat(empty.matches("aaa")).isTrue();
        assertThat(empty.matches("ab")).isFalse();
    }

    @Test
    void gbnf_errorsOfLarkGrammars_haveItsNames() {
        assertThatThrownBy(() -> lark("start: \"a\"? start \"b\"")).hasMessageContaining("the rule start begins");
        assertThatThrownBy(() -> lark("start: nosuch")).hasMessageContaining("the rule nosuch is used");
    }
}
