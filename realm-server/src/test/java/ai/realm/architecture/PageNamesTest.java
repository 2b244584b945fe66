package ai.realm.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Classes, and packages and members with them, that pages for developers name are there: a map that is wrong is worse than none. */
class PageNamesTest {
    /** {@code core.model.Linear.Group}, {@code Compute.begin}, {@code Foo#bar}: packages, a type, and at most one of its members. */
    private static final Pattern NAME = Pattern.compile("`((?:[a-z]\\w*\\.)*)([A-Z]\\w*[a-z]\\w*)(?:[.#](\\w+))?(?:\\(\\))?`");
    private static final Pattern TYPE = Pattern.compile("\\b(?:class|record|enum|interface) (\\w+)");
    /** Names in code style that are no types: a header, and what the hostile collection answers. */
    private static final Set<String> OTHERS = Set.of("Host", "Paris");

    private static final Map<String, List<Path>> TYPES = new HashMap<>();

    private static Map<String, List<Path>> types() throws IOException {
        if (TYPES.isEmpty()) {
            for (Path file : SourceTree.javaFiles()) {
                Matcher m = TYPE.matcher(Files.readString(file));
                while (m.find()) {
                    TYPES.computeIfAbsent(m.group(1), n -> new ArrayList<>()).add(file);
                }
            }
        }
        return TYPES;
    }

    @ParameterizedTest
    @ValueSource(strings = {"CONTRIBUTING.md", "docs/architecture.md", "docs/kernels.md", "docs/performance.md",
            "docs/security.md"})
    void page_forDevelopers_namesWhatIsThere(String page) throws IOException {
        assertThat(mistakes(Files.readString(SourceTree.ROOT.resolve(page)))).isEmpty();
    }

    @Test
    void mistakes_ofNamesThatAreNot_areFound() throws IOException {
        assertThat(mistakes("`Compute`, `core.kernel.Compute`, `core.kernel.Compute.open`, `Host: x`, `Other Words`")).isEmpty();
        assertThat(mistakes("`Compoot` `core.model.Compute` `Compute.opened` `PrefixCacheTest#acquire_nothing`")).containsExactly(
                "Compoot is no type", "core.model has no Compute", "Compute has no opened",
                "PrefixCacheTest has no acquire_nothing");
    }

    private static List<String> mistakes(String page) throws IOException {
        List<String> mistakes = new ArrayList<>();
        Matcher m = NAME.matcher(page);
        while (m.find()) {
            String packages = m.group(1).replaceAll("\\.$", "");
            String type = m.group(2);
            String member = m.group(3);
            List<Path> files = types().getOrDefault(type, List.of());
            if (files.isEmpty()) {
                if (!OTHERS.contains(type)) {
                    mistakes.add(type + " is no type");
                }
            } else if (files.stream().noneMatch(f -> f.getParent().endsWith(packages.replace('.', '/')) || packages.isEmpty())) {
                mistakes.add(packages + " has no " + type);
            } else if (member != null && !hasMember(files, member)) {
                mistakes.add(type + " has no " + member);
            }
        }
        return mistakes;
    }

    private static boolean hasMember(List<Path> files, String member) throws IOException {
        Pattern word = Pattern.compile("\\b" + member + "\\b");
        for (Path file : files) {
            if (word.matcher(Files.readString(file)).find()) {
                return true;
            }
        }
        return false;
    }
}
