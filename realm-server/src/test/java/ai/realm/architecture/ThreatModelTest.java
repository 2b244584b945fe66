package ai.realm.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Each line of the threat model in {@code docs/security.md} names tests, and each test that the page names is there. */
class ThreatModelTest {
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT))(?:#(\\w+))?`");
    private static final Path PAGE = SourceTree.ROOT.resolve("docs/security.md");

    @TestFactory
    Stream<DynamicTest> test_thatThePageNames_isThere() throws IOException {
        Map<String, Path> classes = SourceTree.testClasses();
        List<MatchResult> named = TEST.matcher(Files.readString(PAGE)).results().toList();
        assertThat(named).hasSizeGreaterThan(50);
        return named.stream().map(MatchResult::group).distinct().map(name -> DynamicTest.dynamicTest(name, () -> {
            String[] parts = name.replace("`", "").split("#");
            assertThat(classes.containsKey(parts[0])).as(parts[0]).isTrue();
            if (parts.length == 2) {
                assertThat(Files.readString(classes.get(parts[0]))).containsPattern(" " + parts[1] + "\\(");
            }
        }));
    }

    @Test
    void line_ofTheModel_saysWhatHoldsAndNamesATest() throws IOException {
        List<String> lines = Files.readAllLines(PAGE);
        List<String> model = lines.subList(lines.indexOf("## Threat model"), lines.indexOf("## What is left to the operator"))
                .stream().filter(l -> l.startsWith("|")).skip(2).toList();
        assertThat(model).hasSizeGreaterThan(30).allSatisfy(line -> {
            String[] cells = line.split("\\|");
            assertThat(cells).hasSize(5);
            assertThat(cells[2]).isNotBlank();
            assertThat(cells[3]).isNotBlank();
            assertThat(cells[4]).containsPattern(TEST);
        });
    }
}
