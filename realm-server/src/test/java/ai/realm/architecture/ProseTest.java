package ai.realm.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Holds pages, decisions and the Javadoc of main code to sentences that a reader gets at once. */
class ProseTest {
    private static final String LONG = words(Prose.LONGEST + 1) + ".";

    @TestFactory
    Stream<DynamicTest> page_ofTheProject_hasShortSentences() throws IOException {
        return pages().stream().map(page -> DynamicTest.dynamicTest(SourceTree.name(page), () -> assertThat(
                Prose.mistakes(SourceTree.name(page), Files.readString(page))).isEmpty()));
    }

    @Test
    void javadoc_ofMainCode_hasShortSentences() throws IOException {
        List<Path> sources = SourceTree.javaFiles("main");
        assertThat(sources).hasSizeGreaterThan(500);
        List<String> mistakes = new ArrayList<>();
        for (Path source : sources) {
            mistakes.addAll(Prose.mistakesOfSentences(SourceTree.name(source), Prose.ofJavadoc(Files.readString(source))));
        }
        assertThat(mistakes).isEmpty();
    }

    @Test
    void pages_ofTheProject_areFound() throws IOException {
        assertThat(pages()).map(SourceTree::name)
                .contains("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "sdk/README.md");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            One here. Two here.                                        | 2
            Version 1.5 is one. No. 3 is in it, e.g. Linux, too.       | 2
            A [link. With a stop](https://x.example/a.B) counts once.  | 2
            `a. B` is code, and https://x.example/A.B is one word.     | 1
            Is it? Yes! (Or not.) **Bold.** Done.                      | 5
            It ends with a colon: and goes on; still the same.         | 1
            """)
    void sentences_ofALine_areCounted(String line, int wanted) {
        assertThat(Prose.sentences(line)).hasSize(wanted);
    }

    @Test
    void words_ofASentence_areThoseWithLettersOrDigits() {
        assertThat(Prose.sentences("Four – `a b c` of\nthem.")).extracting(Prose.Sentence::words).containsExactly(4);
    }

    @Test
    void mistakes_ofALongSentence_nameFileLineAndSentence() {
        assertThat(Prose.mistakes("a.md", "# Title\n\nShort. Short.\n" + LONG + " Short."))
                .containsExactly("a.md:4: 41 words, at most 40: " + LONG);
        assertThat(Prose.mistakes("a.md", "Short. Short.\n" + words(Prose.LONGEST) + ".")).isEmpty();
    }

    @Test
    void mistakes_ofASentenceOverLines_nameItsFirst() {
        assertThat(Prose.mistakes("a.md", "Short. Short. `code\nover lines`\n" + LONG.replace(" ", "\n")))
                .singleElement().asString().startsWith("a.md:1: 42 words");
        assertThat(Prose.mistakes("a.md", "Short.\nShort.\n\n- item\n- " + LONG.replace(" ", "\n  ")))
                .singleElement().asString().startsWith("a.md:5: 41 words");
    }

    @Test
    void mistakes_ofCodeTablesCommentsAndHeadings_areNone() {
        assertThat(Prose.mistakes("a.md", "```\n" + LONG + "\n```\n\n    " + LONG + "\n\n| " + LONG + " |\n|---|\n# " + LONG
                + "\n<!-- " + LONG + "\n" + LONG + " -->\nA. B.")).isEmpty();
    }

    @Test
    void mistakes_afterCodeTablesAndComments_areFound() {
        assertThat(Prose.mistakes("a.md", "```\nx\n```\nA. B. " + LONG)).hasSize(1);
        assertThat(Prose.mistakes("a.md", "| x |\nA. B. " + LONG)).hasSize(1);
        assertThat(Prose.mistakes("a.md", "<!-- x -->\nA. B. " + LONG)).hasSize(1);
        assertThat(Prose.mistakes("a.md", "- x\n\n  A. B. " + LONG)).hasSize(1);
        assertThat(Prose.mistakes("a.md", "A. B.\n    " + LONG)).hasSize(1);
        assertThat(Prose.mistakes("a.md", "> A. B. " + LONG)).hasSize(1);
    }

    @Test
    void mistakes_ofAHighAverage_tellIt() {
        assertThat(Prose.mistakes("a.md", words(30) + ".\n" + words(21) + "."))
                .containsExactly("a.md:1: 25.5 words a sentence, at most 25 on average");
    }

    @Test
    void mistakes_ofAnUnwantedPhrase_areFoundInTablesAndAcrossLinesAndNotInCode() {
        assertThat(Prose.mistakes("a.md", "One\ntwo in place\nof three.")).singleElement().asString()
                .startsWith("a.md:2: say \"instead of\"");
        assertThat(Prose.mistakes("a.md", "| In place of |")).hasSize(1);
        assertThat(Prose.mistakes("a.md", "```\nin place of\n```\n`in place of`")).isEmpty();
    }

    @Test
    void mistakes_ofJavadoc_nameTheLineOfTheSource() {
        String source = "class A {\n    // " + LONG
                + "\n    /**\n     * One {@link B#c(D,\n     * E)} two. Three.\n     *\n     * <p>"
                + LONG + "\n     * <pre>" + LONG + "</pre>\n     * @param a " + LONG.toLowerCase(Locale.ROOT)
                + "\n     */\n    int a;\n}\n";
        assertThat(Prose.mistakesOfSentences("A.java", Prose.ofJavadoc(source))).satisfiesExactly(
                first -> assertThat(first).startsWith("A.java:7: 41 words"),
                second -> assertThat(second).startsWith("A.java:9: 42 words"));
        assertThat(Prose.mistakesOfSentences("A.java", Prose.ofJavadoc("/** Here\n * in\n * place of it. */"))).hasSize(1);
    }

    private static String words(int count) {
        return IntStream.range(0, count).mapToObj(i -> i == 0 ? "One" : "word").collect(Collectors.joining(" "));
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        for (String folder : List.of("", "docs", "docs/decisions", "conformance", "examples", "models", "sdk")) {
            try (Stream<Path> files = Files.list(SourceTree.ROOT.resolve(folder))) {
                files.filter(p -> p.toString().endsWith(".md")).sorted().forEach(pages::add);
            }
        }
        return pages;
    }
}
