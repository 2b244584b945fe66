import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Runs the tests that docs/security.md names in its threat model and prints, for each line of it, how many attacks were tried, how many were
 * contained, and how many were not. Ends with 1 when one was not, or when a named test did not run. `./realm test -P hostile` calls it.
 */
final class HostileTests {
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT))(?:#(\\w+))?`");

    /** A line of the threat model. */
    private record Threat(String surface, String attack, List<Named> tests) {
    }

    /** A test class, or one method of it. */
    private record Named(String type, String method) {
        boolean is(Case c) {
            return c.type.equals(type) && (method == null || c.name.equals(method) || c.name.startsWith(method + "(")
                    || c.name.startsWith(method + "{") || c.name.startsWith(method + "["));
        }
    }

    /** A test that ran. */
    private record Case(String type, String name, boolean passed) {
    }

    private HostileTests() {
    }

    public static void main(String[] args) throws Exception {
        Path home = Path.of("").toAbsolutePath();
        List<Threat> threats = threats(Files.readAllLines(home.resolve("docs/security.md")));
        Set<String> types = threats.stream().flatMap(t -> t.tests.stream()).map(Named::type).collect(Collectors.toCollection(TreeSet::new));
        deleteReports(home);
        int maven = new ProcessBuilder(command(types, args)).inheritIO().start().waitFor();
        List<Case> cases = reports(home).stream().flatMap(HostileTests::cases).toList();
        System.exit(print(threats, cases) && maven == 0 ? 0 : 1);
    }

    private static List<Threat> threats(List<String> page) {
        List<Threat> threats = new ArrayList<>();
        String surface = "";
        for (String line : page.subList(page.indexOf("## Threat model"), page.indexOf("## What is left to the operator"))) {
            String[] cells = line.split("\\|");
            if (cells.length != 5 || cells[1].strip().equals("surface") || cells[1].startsWith("---")) {
                continue;
            }
            surface = cells[1].isBlank() ? surface : cells[1].strip();
            threats.add(new Threat(surface, cells[2].strip(),
                    TEST.matcher(cells[4]).results().map(m -> new Named(m.group(1), m.group(2))).toList()));
        }
        return threats;
    }

    private static List<String> command(Set<String> types, String[] more) throws IOException {
        List<String> command = new ArrayList<>(List.of("mvn", "-B", "-q", "verify", "-Dmaven.test.failure.ignore=true",
                "-Pfuzz", "-Dsurefire.failIfNoSpecifiedTests=false", "-Dfailsafe.failIfNoSpecifiedTests=false",
                "-Dtest=" + types.stream().filter(t -> t.endsWith("Test")).collect(Collectors.joining(",")),
                "-Dit.test=" + types.stream().filter(t -> t.endsWith("IT")).collect(Collectors.joining(","))));
        if (hasPostgres()) {
            command.add("-Ppostgresql");
        } else {
            System.err.println("hostile: PostgreSQL's programs are not installed, so the attacks on several servers cannot be tried");
        }
        command.addAll(List.of(more));
        return command;
    }

    private static boolean hasPostgres() throws IOException {
        Path versions = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(versions)) {
            try (Stream<Path> found = Files.list(versions)) {
                return found.anyMatch(v -> Files.isExecutable(v.resolve("bin/initdb")));
            }
        }
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":")).anyMatch(d -> Files.isExecutable(Path.of(d, "initdb")));
    }

    private static List<Path> reports(Path home) throws IOException {
        List<Path> reports = new ArrayList<>();
        try (Stream<Path> modules = Files.list(home)) {
            for (Path module : modules.toList()) {
                for (String kind : List.of("surefire-reports", "failsafe-reports")) {
                    Path folder = module.resolve("target").resolve(kind);
                    if (Files.isDirectory(folder)) {
                        try (Stream<Path> files = Files.walk(folder)) {
                            files.filter(f -> f.getFileName().toString().matches("TEST-.*\\.xml")).forEach(reports::add);
                        }
                    }
                }
            }
        }
        return reports;
    }

    /** Of an earlier run, which would be counted as of this one. */
    private static void deleteReports(Path home) throws IOException {
        for (Path report : reports(home)) {
            Files.delete(report);
        }
    }

    private static Stream<Case> cases(Path report) {
        try {
            NodeList found = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report.toFile())
                    .getElementsByTagName("testcase");
            List<Case> cases = new ArrayList<>();
            for (int i = 0; i < found.getLength(); i++) {
                Element e = (Element) found.item(i);
                boolean passed = Stream.of("failure", "error", "skipped").allMatch(n -> e.getElementsByTagName(n).getLength() == 0);
                cases.add(new Case(e.getAttribute("classname").replaceAll(".*[.]", "").replaceAll("[$].*", ""), e.getAttribute("name"), passed));
            }
            return cases.stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException("cannot read " + report, e);
        }
    }

    private static boolean print(List<Threat> threats, List<Case> cases) {
        Map<String, List<Case>> byType = cases.stream().collect(Collectors.groupingBy(Case::type, HashMap::new, Collectors.toList()));
        System.out.printf("%nAttacks of docs/security.md, %s%n%n| surface | what somebody could do | tried | contained | not |%n"
                + "|---|---|---:|---:|---:|%n", LocalDate.now());
        Set<Case> all = new HashSet<>();
        List<String> missing = new ArrayList<>();
        int bad = 0;
        for (Threat threat : threats) {
            Set<Case> tried = new HashSet<>();
            for (Named n : threat.tests) {
                List<Case> ran = byType.getOrDefault(n.type, List.of()).stream().filter(n::is).toList();
                if (ran.isEmpty()) {
                    missing.add(n.type + (n.method == null ? "" : "#" + n.method));
                }
                tried.addAll(ran);
            }
            long contained = tried.stream().filter(Case::passed).count();
            System.out.printf("| %s | %s | %d | %d | %d |%n", threat.surface, threat.attack, tried.size(), contained, tried.size() - contained);
            all.addAll(tried);
        }
        for (Case c : all) {
            if (!c.passed) {
                bad++;
                System.out.printf("not contained: %s#%s%n", c.type, c.name);
            }
        }
        System.out.printf("%nTried %d, contained %d, not contained %d; named tests that did not run: %s%n", all.size(), all.size() - bad, bad,
                missing.isEmpty() ? "none" : String.join(", ", missing));
        return bad == 0 && missing.isEmpty();
    }
}
