package ai.realm.server.cli.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * One load. In an open loop requests begin when their time has come, whether the server keeps up or not, so that a slow server shows
 * as long times and not as fewer requests. With the same seed the same requests come at the same times, or in
 * a closed loop in the same order.
 */
final class LoadRun {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String[] WORDS = ("the of and to in is that it was for on are with as his they at be this from have or by one had "
            + "not but what all were when we there can an your which their said if do will each about how up out them then she many "
            + "some so these would other into has more her two like him see time could no make than first been its who now people my "
            + "made over did down only way find use may water long little very after words called just where most know")
            .split(" ");

    private final String url;
    private final List<LoadTenant> tenants;
    private final int clients;
    private final Duration duration;
    private final long seed;
    private final HttpClient client;
    private final Map<String, LoadStats> stats = new LinkedHashMap<>();
    private final LoadStats all = new LoadStats();

    /** A request and when it is due, in nanoseconds from the beginning. */
    private record Due(long at, LoadTenant tenant, String body) {}

    /** @param clients of each tenant, that ask again when they have their answer (a closed loop); 0 for an open loop */
    LoadRun(String url, List<LoadTenant> tenants, int clients, Duration duration, long seed, HttpClient client) {
        this.clients = clients;
        this.url = url;
        this.tenants = tenants;
        this.duration = duration;
        this.seed = seed;
        this.client = client;
        tenants.forEach(t -> stats.put(t.name(), new LoadStats()));
    }

    /** Sends everything, waits for the last answer, and reports. */
    ObjectNode run() throws IOException, InterruptedException {
        List<Due> plan = clients > 0 ? List.of() : plan();
        List<Client> loops = clients > 0 ? loops() : List.of();
        long begun = System.nanoTime();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            loops.forEach(c -> threads.submit(() -> ask(c, begun)));
            for (Due due : plan) {
                for (long left; (left = begun + due.at - System.nanoTime()) > 0;) {
                    LockSupport.parkNanos(left);
                }
                threads.submit(() -> send(due));
            }
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        ObjectNode report = JSON.createObjectNode().put("seed", seed).put("seconds", seconds);
        report.set("total", all.json(seconds, all.outputTokens()));
        ObjectNode each = report.putObject("tenants");
        stats.forEach((name, s) -> each.set(name, s.json(seconds, all.outputTokens())));
        return report;
    }

    /** One that asks again when it has its answer. */
    private record Client(LoadTenant tenant, String model, SplittableRandom random) {}

    private List<Client> loops() throws IOException, InterruptedException {
        List<Client> loops = new ArrayList<>();
        SplittableRandom seeds = new SplittableRandom(seed);
        for (LoadTenant t : tenants) {
            String model = model(t);
            for (int i = 0; i < clients; i++) {
                loops.add(new Client(t, model, seeds.split()));
            }
        }
        return loops;
    }

    private void ask(Client c, long begun) {
        do {
            send(new Due(0, c.tenant, body(c.model, c.tenant, c.random)));
        } while (System.nanoTime() - begun < duration.toNanos());
    }

    private List<Due> plan() throws IOException, InterruptedException {
        List<Due> plan = new ArrayList<>();
        SplittableRandom seeds = new SplittableRandom(seed);
        for (LoadTenant t : tenants) {
            SplittableRandom random = seeds.split();
            String model = model(t);
            double at = 0;
            while (true) {
                // Poisson arrivals: the times between them are exponential.
                at += -Math.log(1 - random.nextDouble()) / t.rate() * 1e9;
                if (at >= duration.toNanos()) {
                    break;
                }
                plan.add(new Due((long) at, t, body(model, t, random)));
            }
        }
        plan.sort((a, b) -> Long.compare(a.at, b.at));
        return plan;
    }

    private String model(LoadTenant t) throws IOException, InterruptedException {
        HttpResponse<String> r = client.send(request("/v1/models", t).GET().build(), HttpResponse.BodyHandlers.ofString());
        if (r.statusCode() != 200) {
            throw new IOException("the server answers " + r.statusCode() + " to tenant " + t.name() + " at /v1/models");
        }
        return JSON.readTree(r.body()).at("/data/0/id").asText();
    }

    private HttpRequest.Builder request(String path, LoadTenant t) {
        return HttpRequest.newBuilder(URI.create(url + path)).header("Authorization", "Bearer " + t.key())
                .header("Content-Type", "application/json");
    }

    private static String body(String model, LoadTenant t, SplittableRandom random) {
        StringBuilder prompt = new StringBuilder();
        for (int i = 0; i < t.promptTokens(); i++) {
            prompt.append(i == 0 ? "" : " ").append(WORDS[random.nextInt(WORDS.length)]);
        }
        ObjectNode body = JSON.createObjectNode().put("model", model).put("prompt", prompt.toString())
                .put("max_tokens", t.outputTokens()).put("temperature", 0).put("stream", true);
        body.putObject("stream_options").put("include_usage", true);
        return body.toString();
    }

    private void send(Due due) {
        LoadStats own = java.util.Objects.requireNonNull(stats.get(due.tenant.name()));
        own.sent();
        all.sent();
        long begun = System.nanoTime();
        try {
            HttpResponse<Stream<String>> r = client.send(
                    request("/v1/completions", due.tenant).POST(HttpRequest.BodyPublishers.ofString(due.body)).build(),
                    HttpResponse.BodyHandlers.ofLines());
            try (Stream<String> lines = r.body()) {
                if (r.statusCode() != 200) {
                    fail(own, Integer.toString(r.statusCode()));
                    return;
                }
                read(lines, begun, own);
            }
        } catch (IOException | java.io.UncheckedIOException e) {
            fail(own, "connection");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void fail(LoadStats own, String why) {
        own.failed(why);
        all.failed(why);
    }

    private void read(Stream<String> lines, long begun, LoadStats own) throws IOException {
        long last = begun;
        boolean first = true;
        long[] usage = new long[2];
        for (String line : (Iterable<String>) lines::iterator) {
            if (!line.startsWith("data: ") || line.equals("data: [DONE]")) {
                continue;
            }
            JsonNode event = JSON.readTree(line.substring(6));
            if (event.has("error")) {
                fail(own, event.at("/error/code").asText());
                return;
            }
            if (event.path("usage").isObject()) {
                usage[0] = event.at("/usage/prompt_tokens").asLong();
                usage[1] = event.at("/usage/completion_tokens").asLong();
            }
            if (!event.at("/choices/0/text").asText("").isEmpty()) {
                long now = System.nanoTime();
                own.piece(now - last, first);
                all.piece(now - last, first);
                first = false;
                last = now;
            }
        }
        long nanos = System.nanoTime() - begun;
        own.done(nanos, usage[0], usage[1]);
        all.done(nanos, usage[0], usage[1]);
    }
}
