package ai.realm.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Each package says in its {@code package-info.java} what it owns, what it may use, and which threads run there. */
class PackageInfoTest {
    private static final Pattern JAVADOC = Pattern.compile("(?s)/\\*\\*(.*?)\\*/");
    private static final Pattern TAGS = Pattern.compile("(?m)^\\s*\\*|</?\\w+>|\\{@\\w+\\s+([^}]*)}");
    private static final int FEWEST_WORDS = 20;

    @TestFactory
    Stream<DynamicTest> package_ofTheProject_saysWhatItOwnsMayUseAndWhoRunsThere() throws IOException {
        return SourceTree.packages().stream().map(folder -> DynamicTest.dynamicTest(SourceTree.name(folder), () -> {
            Path info = folder.resolve("package-info.java");
            assertThat(info).exists();
            Matcher javadoc = JAVADOC.matcher(Files.readString(info));
            assertThat(javadoc.find()).as("Javadoc").isTrue();
            String text = TAGS.matcher(javadoc.group(1)).replaceAll(" $1 ").strip();
            assertThat(text.split("\\s+")).as(text).hasSizeGreaterThanOrEqualTo(FEWEST_WORDS);
            assertThat(text).contains("May use ").containsPattern("[Tt]hread");
        }));
    }

    @Test
    void packages_ofAllModules_areFound() throws IOException {
        assertThat(SourceTree.packages()).map(p -> p.getFileName().toString()).contains("simd", "guest", "http")
                .hasSizeGreaterThan(40);
    }
}
