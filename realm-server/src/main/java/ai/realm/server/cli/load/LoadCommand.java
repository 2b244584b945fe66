package ai.realm.server.cli.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code realm load}: what a server does under a given load. */
@Command(name = "load", description = "Sends requests at given rates, whether the server keeps up or not, and reports times, throughput "
        + "and shares. Works on any server with OpenAI's completions API.")
@SuppressWarnings("NullAway.Init")
public final class LoadCommand implements Callable<Integer> {
    private static final int MAX_CLIENTS = 10_000;

    @Spec
    private CommandSpec spec;

    @Option(names = "--url", required = true, defaultValue = "${env:REALM_URL}", description = "The server (default: $REALM_URL)")
    private String url;

    @Option(names = "--tenant", required = true, paramLabel = "NAME=KEY:RATE:PROMPT:OUTPUT", description = "A tenant: its key, requests a "
            + "second, words of a prompt, tokens asked for; may be given several times")
    private List<String> tenants;

    @Option(names = "--clients", defaultValue = "0", paramLabel = "N", description = "Instead of the rates, so many clients of each tenant that ask again "
            + "when they have their answer")
    private int clients;

    @Option(names = "--duration", required = true, paramLabel = "S", description = "Seconds in which requests begin")
    private double duration;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N", description = "The same seed sends the same requests (default: 1)")
    private long seed;

    @Option(names = "--json", description = "Print one JSON object")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        List<LoadTenant> parsed;
        try {
            parsed = tenants.stream().map(LoadTenant::parse).toList();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        if (!(duration > 0 && duration <= 86_400)) {
            throw new ParameterException(spec.commandLine(),
                    "--duration must be above 0 and at most 86400 seconds, not " + duration);
        }
        if (clients < 0 || clients > MAX_CLIENTS) {
            throw new ParameterException(spec.commandLine(), "--clients must be 0 to " + MAX_CLIENTS + ", not " + clients);
        }
        ObjectNode report;
        try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build()) {
            report = new LoadRun(url.replaceFirst("/+$", ""), parsed, clients,
                    Duration.ofNanos((long) (duration * 1e9)), seed, client)
                    .run();
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(report);
        } else {
            print(out, report);
        }
        out.flush();
        return report.at("/total/completed").asInt() > 0 ? 0 : 1;
    }

    private static void print(PrintWriter out, JsonNode report) {
        out.printf("%-14s %8s %8s %8s %9s %6s   %-26s %-26s %s%n", "tenant", "sent", "done", "failed", "tokens/s", "share",
                "ttft ms p50/p95/p99", "itl ms p50/p95/p99", "e2e ms p50/p95/p99");
        report.path("tenants").properties().forEach(e -> line(out, e.getKey(), e.getValue()));
        line(out, "all", report.path("total"));
        report.at("/total/errors").properties().forEach(e -> out.printf("%d failed: %s%n", e.getValue().asInt(), e.getKey()));
        out.printf("%.1f s, seed %d%n", report.path("seconds").asDouble(), report.path("seed").asLong());
    }

    private static void line(PrintWriter out, String name, JsonNode s) {
        int failed = 0;
        for (JsonNode n : s.path("errors")) {
            failed += n.asInt();
        }
        out.printf("%-14s %8d %8d %8d %9.1f %5.1f%%   %-26s %-26s %s%n", name, s.path("requests").asInt(),
                s.path("completed").asInt(),
                failed, s.path("output_tokens_per_second").asDouble(), 100 * s.path("share").asDouble(), times(s.path("ttft_ms")),
                times(s.path("itl_ms")), times(s.path("e2e_ms")));
    }

    private static String times(JsonNode t) {
        return t.isEmpty()
                ? "-"
                : "%.0f/%.0f/%.0f".formatted(t.path("p50").asDouble(), t.path("p95").asDouble(),
                        t.path("p99").asDouble());
    }
}
