package ai.realm.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realm audit}: who changed what on a running server. */
@Command(name = "audit", description = "Who changed what on a running server, with which admin key; the newest first.")
@SuppressWarnings("NullAway.Init")
public final class AuditCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private AdminClient admin;

    @Option(names = "--limit", defaultValue = "50", paramLabel = "N", description = "Entries (default: ${DEFAULT-VALUE})")
    private int limit;

    @Option(names = "--target", paramLabel = "NAME", description = "Of one tenant or model")
    private @Nullable String target;

    @Option(names = "--json", description = "The server's JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        JsonNode answer = admin.call("GET", "/admin/audit?limit=" + limit
                + (target == null ? "" : "&target=" + URLEncoder.encode(target, StandardCharsets.UTF_8)), "");
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(answer);
        } else {
            for (JsonNode e : answer.path("data")) {
                out.printf("%-24s %-12s %-8s %-4s %-44s %s%n", e.path("at").asText(), e.path("key").asText(),
                        e.path("role").asText(), e.path("outcome").asText("?"), e.path("action").asText(),
                        e.path("target").asText());
            }
        }
        out.flush();
        return 0;
    }
}
