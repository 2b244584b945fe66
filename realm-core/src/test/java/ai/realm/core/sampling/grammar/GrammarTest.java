package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GrammarTest {
    private static void check(String grammar, String[] accepted, String[] rejected) {
        Grammar g = Grammar.gbnf(grammar, null);
        for (String text : accepted) {
            assertThat(g.matches(text)).as("%s accepts %s", grammar, text).isTrue();
        }
        for (String text : rejected) {
            assertThat(g.matches(text)).as("%s rejects %s", grammar, text).isFalse();
        }
    }

    private static String[] of(String... texts) {
        return texts;
    }

    private static void assertRefused(String grammar, String message) {
        assertThatThrownBy(() -> Grammar.gbnf(grammar, null)).isInstanceOfSatisfying(RealmException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(e.param()).isEqualTo("grammar");
        }).hasMessageContaining(message);
    }

    @Test
    void matches_literalsAndAlternatives_wholeTextOnly() {
        check("root ::= \"yes\" | \"yesterday\"", of("yes", "yesterday"), of("", "ye", "yest", "yess"));
        check("root ::= \"a\" (\"b\" | ) \"c\" # comment\n", of("ac", "abc"), of("a", "abbc"));
        check("root ::= \"\"", of(""), of("a"));
    }

    @Test
    void matches_classes_rangesEscapesAndNegation() {
        check("root ::= [a-cX\\]\\-]+", of("abcX]-"), of("", "d", "a b"));
        check("root ::= [^\\n\"]+", of("abc é 😀"), of("a\n", "\""));
        check("root ::= [\\u4e00-\\u9fff]{2} [\\U0001F600-\\U0001F64F]?", of("中文", "中文😀"), of("中", "中文a"));
        check("root ::= [+-] [a-]", of("+a", "--"), of("a"));
        check("root ::= \"\\x41\\t\\\\\" .", of("A\t\\z"), of("A\t\\"));
    }

    @Test
    void matches_jsonInsideARule_schemaOnly() {
        String schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}},\"required\":[\"a\"]}";
        check("root ::= call (\",\" call)*\ncall ::= \"f(\" %json " + schema + " \")\"\nspace ::= \"!\"",
                of("f({\"a\":1})", "f({\"a\":-2}),f({\"a\":3})"), of("f({})", "f({\"a\":\"x\"})", "f(1)", "!"));
        check("root ::= \"a\" %json{\"enum\":[\"}\"]} | %json {\"type\":\"null\"}", of("a\"}\"", "null"), of("a", "\"}\""));
    }

    @Test
    void gbnf_badJsonInsideARule_refused() {
        assertRefused("root ::= %regx \"a\"", "expected %json");
        for (String schema : of("", "{", "[1]", "{\"type\":\"nothing\"}")) {
            assertThatThrownBy(() -> Grammar.gbnf("root ::= %json " + schema, null)).isInstanceOf(RealmException.class)
                    .hasMessageContaining("json_schema");
        }
    }

    @Test
    void matches_repetitions_countExactly() {
        check("root ::= \"a\"{3}", of("aaa"), of("aa", "aaaa"));
        check("root ::= \"ab\"{1,2}", of("ab", "abab"), of("", "ababab"));
        check("root ::= \"a\"{2,}", of("aa", "aaaaa"), of("a"));
        check("root ::= (\"a\" | \"b\")* \"c\"?", of("", "abba", "c", "abc"), of("ca"));
        check("root ::= [0-9]+ (\".\" [0-9]{1,2})?", of("1", "12.5", "0.25"), of(".5", "1.", "1.234"));
        check("root ::= \"x\"{0}", of(""), of("x"));
        check("root ::= \"a\"{0,2000}", of("", "a".repeat(2000)), of("a".repeat(2001)));
    }

    @Test
    void matches_emptyWithinRepetition_terminates() {
        check("root ::= (\"a\"*)* \"b\"", of("b", "aab"), of("a", "ba"));
        check("root ::= (\"a\"? \"b\"?)+", of("", "a", "b", "ba", "abab"), of("c"));
        check("ws ::= \" \"*\nroot ::= ws* \"x\" ws*", of("x", "  x "), of(" "));
    }

    @Test
    void matches_recursion_balances() {
        check("root ::= \"(\" root? \")\" root?", of("()", "(())", "()()", "(()(()))"), of("", "(", "())", ")("));
        check("root ::= e\ne ::= t (\"+\" t)*\nt ::= [0-9] | \"(\" e \")\"", of("1", "1+2+3", "(1+2)+3"), of("+", "1+", "(1"));
        check("root ::= \"a\" root | \"b\"", of("b", "aaab", "a".repeat(10_000) + "b"), of("a"));
    }

    @Test
    void matches_ambiguousGrammar_isBounded() {
        check("root ::= (\"a\" | \"a\" | \"aa\")*", of("a".repeat(3000)), of("a".repeat(3000) + "b"));
        check("root ::= x x x\nx ::= \"a\"* \"a\"* \"a\"*", of("a".repeat(500)), of("b"));
        Grammar bomb = Grammar.gbnf("root ::= \"a\" root x | \"a\" root y | \"\"\nx ::= \"x\"\ny ::= \"y\"", null);
        assertThatThrownBy(() -> bomb.matches("a".repeat(1000))).isInstanceOf(RealmException.class)
                .hasMessageContaining("ambiguous");
    }

    @Test
    void gbnf_newlines_endRulesOutsideGroups() {
        check("root ::= (\n \"a\"\n | \"b\" # one\n) |\n  \"c\"\n\n# end", of("a", "b", "c"), of("ab"));
        assertRefused("root ::= \"a\"\n\"b\"", "line 2");
    }

    @Test
    void gbnf_ruleDefinedLater_isFound() {
        check("root ::= my-rule_1\nmy-rule_1 ::= \"x\"", of("x"), of("y"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"root ::= root \"a\" | \"b\"", "root ::= a\na ::= b \"x\"\nb ::= a | \"y\"", "root ::= root",
            "root ::= \"a\"? root \"b\" | \"c\"", "root ::= ws root\nws ::= \" \"*", "root ::= (root)* \"a\"",
            "root ::= a* \nunused ::= unused \"x\"\na ::= \"a\""})
    void gbnf_leftRecursion_isRefused(String grammar) {
        assertRefused(grammar, "left recursion");
    }

    @Test
    void gbnf_malformed_isRefusedWithItsLine() {
        assertRefused("", "root is missing");
        assertRefused("start ::= \"a\"", "root is missing");
        assertRefused("root ::= nosuch", "nosuch is used but not defined");
        assertRefused("root ::= \"a\n", "not closed");
        assertRefused("root ::= [a", "not closed");
        assertRefused("root ::= (\"a\"", "expected ')'");
        assertRefused("root ::= \"a\")", "expected the end");
        assertRefused("root ::= * \"a\"", "before *");
        assertRefused("root ::= \"a\"{3,1}", "{m,n}");
        assertRefused("root ::= \"a\"{99999}", "{m,n}");
        assertRefused("root ::= \"\\q\"", "escape");
        assertRefused("root ::= [z-a]", "rise");
        assertRefused("\n\nroot = \"a\"", "line 3");
        assertRefused("root ::= <nosuch>", "no token");
    }

    @Test
    void gbnf_countedRepetitions_matchAsOftenAsTheySay() {
        for (int[] range : new int[][]{{0, 3}, {3, 3}, {2, 7}, {1, 3}, {4, -1}, {0, 2000}, {1500, 2000}}) {
            String count = range[0] + "," + (range[1] < 0 ? "" : String.valueOf(range[1]));
            Grammar g = Grammar.gbnf("root ::= \"<\" [a-c]{" + count + "} \">\" [x]{" + count + "}", null);
            for (int n : new int[]{0, 1, 2, 3, 4, 7, 8, 1499, 1500, 2000, 2001}) {
                boolean want = n >= range[0] && (range[1] < 0 || n <= range[1]);
                assertThat(g.matches("<" + "b".repeat(n) + ">" + "x".repeat(Math.max(range[0], 1)))).as("%d of {%s}", n, count)
                        .isEqualTo(want);
            }
        }
    }

    @Test
    void representative_ofACount_isSharedAwayFromBothEnds() {
        Grammar g = Grammar.gbnf("root ::= [a]{100,500}", null);
        int base = g.countedBase[0];
        assertThat(g.representative(base + 20, 50)).isEqualTo(base);
        assertThat(g.representative(base + 60, 50)).isEqualTo(base + 60);
        assertThat(g.representative(base + 300, 50)).isEqualTo(base + 100);
        assertThat(g.representative(base + 460, 50)).isEqualTo(base + 460);
        assertThat(g.representative(0, 50)).isZero();
    }

    @Test
    void gbnf_sizeBombs_areRefusedQuickly() {
        assertRefused("root ::= " + "(".repeat(100_000), "nest");
        assertRefused("root ::= ((((\"a\"{2000}){2000}){2000}){2000}){2000} a{2000}", "used but not defined");
        assertRefused("root ::= " + "(\"a\" [a-z]){0,2000} ".repeat(2000), "symbols");
        assertRefused("root ::= []", "matches no text");
        Grammar.gbnf("root ::= \"a\" root", null); // the number of tokens ends it
        assertRefused("x".repeat(1_000_000), "characters");
        StringBuilder chain = new StringBuilder("root ::= r0\n");
        for (int i = 0; i < 5000; i++) {
            chain.append("r").append(i).append(" ::= r").append(i + 1).append('\n');
        }
        check(chain + "r5000 ::= \"x\"", of("x"), of(""));
    }

    @Test
    void gbnf_randomMutations_compileOrAreRefused() {
        String[] seeds = {"root ::= \"a\" [b-d]{2,3} (x | \"y\")* # c\nx ::= \"\\x41\" . | [^\"]+ \"é\"",
                "root ::= \"{\" ws (p (\",\" ws p)*)? \"}\"\np ::= \"\\\"\" [a-z]+ \"\\\"\" \":\" ws v\nv ::= root | [0-9]+\nws ::= [ \\t\\n]*"};
        String pieces = "()[]{}|*+?.\"\\<>!:=-#, \nax09^";
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            StringBuilder s = new StringBuilder(seeds[random.nextInt(seeds.length)]);
            for (int n = random.nextInt(5); n >= 0; n--) {
                int at = random.nextInt(s.length());
                switch (random.nextInt(3)) {
                    case 0 -> s.deleteCharAt(at);
                    case 1 -> s.insert(at, pieces.charAt(random.nextInt(pieces.length())));
                    default -> s.setCharAt(at, pieces.charAt(random.nextInt(pieces.length())));
                }
            }
            try {
                Grammar.gbnf(s.toString(), null).matches("abc\"x{}");
            } catch (RealmException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError("not a refusal: " + s, e);
            }
        }
    }
}
