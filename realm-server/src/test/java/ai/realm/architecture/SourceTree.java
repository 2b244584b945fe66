package ai.realm.architecture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The files of the whole project, for tests that look at all of it; Maven runs each module's tests in its own folder. */
final class SourceTree {
    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private SourceTree() {
    }

    /** A file's path within the project. */
    static String name(Path file) {
        return ROOT.relativize(file).toString();
    }

    /** Folders of all modules that hold Java sources of their own. */
    static List<Path> packages() throws IOException {
        return javaFiles("main").stream().map(Path::getParent).distinct().sorted().toList();
    }

    /** Java sources of all modules' tests by their simple class names. */
    static Map<String, Path> testClasses() throws IOException {
        return javaFiles("test").stream().collect(Collectors.toMap(
                p -> p.getFileName().toString().replace(".java", ""), Function.identity(), (a, b) -> a));
    }

    /** Java sources of all modules, their tests' too. */
    static List<Path> javaFiles() throws IOException {
        return Stream.concat(javaFiles("main").stream(), javaFiles("test").stream()).toList();
    }

    /** Java sources of all modules, of the program or of its tests. */
    static List<Path> javaFiles(String kind) throws IOException {
        try (Stream<Path> modules = Files.list(ROOT)) {
            List<Path> sources = modules.map(m -> m.resolve("src").resolve(kind).resolve("java")).filter(Files::isDirectory)
                    .toList();
            return sources.stream().flatMap(SourceTree::below).filter(p -> p.toString().endsWith(".java")).sorted().toList();
        }
    }

    private static Stream<Path> below(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.toList().stream();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
