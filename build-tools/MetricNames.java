import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether dashboards and alerts ask for metrics that there are: {@code MetricNames.java docs/metrics.md METRICS-TEXT|- FILE…}. Names must stand in the
 * page; where a server's metrics are given, the labels that are asked for must be there too.
 */
public final class MetricNames {
    private static final Pattern USE = Pattern.compile("\\b((?:vllm:|realm_|jvm_|process_)\\w+)(?:\\{([^}]*)})?");
    private static final Pattern LABEL = Pattern.compile("(\\w+)\\s*(?:=~|!~|!=|=)\"");
    private static final Pattern SAMPLE = Pattern.compile("^([\\w:]+)(?:\\{(.*)})? ");
    private static final Set<String> OF_THE_SCRAPE = Set.of("instance", "job");

    private MetricNames() {
    }

    public static void main(String[] args) throws IOException {
        String page = Files.readString(Path.of(args[0]));
        Map<String, Set<String>> served = args[1].equals("-") ? null : samples(Path.of(args[1]));
        int found = 0;
        Set<String> wrong = new TreeSet<>();
        for (int i = 2; i < args.length; i++) {
            JsonNode file = new ObjectMapper(new YAMLFactory()).readTree(Path.of(args[i]).toFile());
            for (String expr : file.findValuesAsText("expr")) {
                Matcher m = USE.matcher(expr);
                while (m.find()) {
                    found++;
                    look(m.group(1), m.group(2), page, served, wrong);
                }
            }
        }
        wrong.forEach(System.err::println);
        System.out.println("uses of metrics: " + found + ", wrong: " + wrong.size());
        if (!wrong.isEmpty() || found == 0) {
            System.exit(1);
        }
    }

    private static void look(String name, String labels, String page, Map<String, Set<String>> served, Set<String> wrong) {
        String base = name.replaceFirst("_bucket$", "");
        if (!page.contains("`" + base + "`") && !base.startsWith("jvm_") && !base.startsWith("process_")) {
            wrong.add(name + " does not stand in docs/metrics.md");
        }
        if (served == null || !served.containsKey(name)) {
            // A metric of what has not happened yet has no samples.
            return;
        }
        Matcher m = LABEL.matcher(labels == null ? "" : labels);
        while (m.find()) {
            if (!OF_THE_SCRAPE.contains(m.group(1)) && !served.get(name).contains(m.group(1))) {
                wrong.add(name + " has no label " + m.group(1) + " but " + served.get(name));
            }
        }
    }

    private static Map<String, Set<String>> samples(Path text) throws IOException {
        Map<String, Set<String>> all = new HashMap<>();
        for (String line : Files.readAllLines(text)) {
            Matcher m = SAMPLE.matcher(line);
            if (m.find()) {
                Set<String> labels = all.computeIfAbsent(m.group(1), _ -> new TreeSet<>());
                Matcher l = LABEL.matcher(m.group(2) == null ? "" : m.group(2));
                while (l.find()) {
                    labels.add(l.group(1));
                }
            }
        }
        return all;
    }
}
