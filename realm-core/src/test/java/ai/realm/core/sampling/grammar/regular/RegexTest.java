package ai.realm.core.sampling.grammar.regular;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Automata of regular expressions against Java's own, where both languages mean the same. */
class RegexTest {
    private static WorkBudget budget() {
        return new WorkBudget(20_000_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"^[a-c]+$", "a", "^a|b$", "^(a|b)*c?$", "a{2,3}", "^a{2}b{1,}$", "^$", "", "^(?:ab|a)(c|bcd)$",
            "[^a]",
            "^[^a-b]*$", "\\ba", "a\\b", "\\bab\\b", "^\\Ba", "b\\B", "a\\Bb", "^(?=.*a)(?=.*b).{3,}$", "^(?!a)", "^(?!.*ab).*$",
            "(?=ab)a.c", "(?!a)b", "^a(?!b)", "^a(?=b|$)", "^(a(?!b)|b)c", "^(?:(?=a)ab)?c", "^^a", "a$$", "(^a|b)c", "a(b|$)",
            "(a|^)b", "x*", "^x*$", "^(ab?)*$", "^(a*)*$", "^((a|b)(c|_))*$", "^\\w+ \\w+$", "\\W", "^[\\w-]+$", "^[\\d_]*$",
            "^a\\sb$",
            "[ab-]", "^[a\\-c]$", "^a{,2}$", "^(?<name>a)b$", "c(?=$)", "^(?!$)", "(?!^)a", "^(?=a).b"})
    void search_drawnTexts_asJavaFindsThem(String expression) {
        Dfa dfa = Regex.search(expression, budget());
        Pattern java = Pattern.compile(expression.replace("a{,2}", "a\\{,2}").replaceAll("(?<!\\\\)\\$", "\\\\z"));
        Random random = new Random(5);
        String letters = "aaabbbccc_x -{,2}7\n";
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(7); n > 0; n--) {
                text.append(letters.charAt(random.nextInt(letters.length())));
            }
            assertThat(dfa.matches(text.toString())).as("%s in '%s'", expression, text)
                    .isEqualTo(java.matcher(text).find());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"(a", "a)", "[a", "*a", "a**", "(?<=a)b", "(?<!a)b", "(a)\\1", "\\k<a>", "(?i)a", "a++",
            "\\p{Nonsense}",
            "\\pL", "\\", "[b-a]", "a{3,2}", "\\x4", "\\u12", "\\Z", "\\A", "\\h", "((?=a)b)*", "a{1000000}", "^*", "\\c1",
            "(?#a)"})
    void search_whatNoAutomatonFollows_isRefused(String expression) {
        assertThatThrownBy(() -> Regex.search(expression, budget())).isInstanceOf(UnsupportedRegexException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(a|b)*a(a|b){30}", "(x{1,1000}){1,1000}", "^(?=.*a.{20}b)(?=.*b.{20}a).*$",
            "((((a{90}){90}){90}){90}){90}"})
    void search_explosive_isRefusedByItsWork(String expression) {
        assertThatThrownBy(() -> Regex.search(expression, budget())).isInstanceOf(WorkBudget.ExceededException.class);
    }

    @Test
    void search_characterSets_areThoseOfEcma() {
        assertThat(Regex.search("^\\d$", budget()).matches("٣")).isFalse();
        assertThat(Regex.search("^\\D$", budget()).matches("é")).isTrue();
        assertThat(Regex.search("^\\s$", budget()).matches("\t")).isTrue();
        assertThat(Regex.searchWidely("^\\s$", budget()).matches("\u00a0")).isTrue();
        assertThat(Regex.search("^[\\S]$", budget()).matches("\u00a0")).isFalse();
        assertThat(Regex.search("^.$", budget()).matches("\u2028")).isFalse();
        assertThat(Regex.search("^.$", budget()).matches("😀")).isTrue();
        assertThat(Regex.search("^[\\W\\d]$", budget()).matches("§")).isTrue();
        assertThat(Regex.search("^\\p{Lu}\\p{L}*$", budget()).matches("Éa")).isTrue();
        assertThat(Regex.search("^\\P{Lu}$", budget()).matches("É")).isFalse();
        assertThat(Regex.search("^[\\p{Script=Greek}x]+$", budget()).matches("αx")).isTrue();
        assertThat(Regex.search("^\\u{1F600}\\uD83D\\uDE00\\x41\\cJ$", budget()).matches("😀😀A\n")).isTrue();
        assertThat(Regex.search("^[\\b]$", budget()).matches("\b")).isTrue();
        assertThat(Regex.search("^\\/\\-\\@[.]$", budget()).matches("/-@.")).isTrue();
        assertThat(Regex.search("^{a}$", budget()).matches("{a}")).isTrue();
        assertThat(Regex.whole("a|b", budget()).matches("ab")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"^\\D$", "^[^\\d]$", "^\\W$", "^[^\\w]$"})
    void search_whereDialectsDiffer_onlyWhatAllTakeOrAny(String expression) {
        assertThat(Regex.search(expression, budget()).matches("٣")).isFalse();
        assertThat(Regex.searchWidely(expression, budget()).matches("٣")).isTrue();
        assertThat(Regex.search(expression, budget()).matches("!")).isTrue();
        assertThat(Regex.searchWidely(expression, budget()).matches("7")).isFalse();
    }

    @Test
    void operations_ofTwoLanguages_areThoseOfTheirSets() {
        WorkBudget b = budget();
        Dfa words = Regex.whole("[a-z]{2,4}", b);
        Dfa some = Dfa.ofTexts(java.util.List.of("ab", "x", "hello", "abcd"));
        assertThat(words.intersection(some, b).matches("ab")).isTrue();
        assertThat(words.intersection(some, b).matches("x")).isFalse();
        assertThat(some.minus(words, b).matches("hello")).isTrue();
        assertThat(some.minus(words, b).matches("ab")).isFalse();
        assertThat(words.union(some, b).matches("hello")).isTrue();
        assertThat(words.minus(Dfa.ANY, b).isEmpty()).isTrue();
        assertThat(Dfa.ANY.minus(words, b).matches("abcde")).isTrue();
        assertThat(words.shortest()).isEqualTo(2);
        assertThat(words.longest()).isEqualTo(4);
        assertThat(Regex.whole("ab*", b).longest()).isEqualTo(-1);
        assertThat(Regex.whole("[a-z]+", b).withLength(3, 5, b).longest()).isEqualTo(5);
        assertThat(Regex.whole("(a|b)*", b).size()).isEqualTo(1);
    }
}
