package ai.realm.server.cli;

import ai.realm.server.cli.catalog.CatalogEntry;
import ai.realm.server.cli.catalog.Fit;
import ai.realm.server.cli.catalog.ModelCatalog;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code realm models}: the catalogue, what of it is on disk, and what a running server gives a tenant. */
@Command(name = "models", description = "Lists the catalogue and what is on disk, with a server's address also what it serves; the commands below change the models of a "
        + "running server.", subcommands = {ModelControl.ListModels.class, ModelControl.Add.class, ModelControl.Load.class,
                ModelControl.Unload.class, ModelControl.Remove.class, AdapterControl.class})
@SuppressWarnings("NullAway.Init")
public final class ModelsCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = JsonMapper.builder().build();
    private static final double MIB = 1 << 20;

    @Option(names = "--catalog", paramLabel = "FILE", description = "Another catalogue than models/catalog.yaml.")
    private @Nullable Path catalogFile;

    @Option(names = "--url", defaultValue = "${env:REALM_URL}", paramLabel = "URL", description = "A server to ask; by default $REALM_URL.")
    private @Nullable String url;

    @Option(names = "--key", defaultValue = "${env:REALM_API_KEY}", paramLabel = "KEY", description = "A tenant's key for it; by default $REALM_API_KEY.")
    private @Nullable String key;

    @Option(names = "--json", description = "One JSON object on standard output.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** @param file null when it is not on disk */
    private record Listed(CatalogEntry entry, @Nullable Path file, long bytes) {
        String state() {
            return file != null ? "on disk" : "to pull";
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        ModelCatalog catalog = catalogFile == null
                ? ModelCatalog.open()
                : ModelCatalog.read(catalogFile, catalogFile.resolveSibling(""));
        List<Listed> models = new ArrayList<>();
        for (CatalogEntry entry : catalog.entries()) {
            Optional<Path> file = catalog.locate(entry);
            models.add(new Listed(entry, file.orElse(null), file.isPresent() ? Files.size(file.get()) : entry.bytes()));
        }
        List<String> served = url == null || url.isBlank() ? null : ask(url);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JSON.writeValueAsString(toJson(models, served)));
        } else {
            print(models, served, out);
        }
        out.flush();
        return 0;
    }

    private List<String> ask(String base) throws IOException, InterruptedException {
        HttpRequest.Builder request;
        try {
            request = HttpRequest.newBuilder(URI.create(base + (base.endsWith("/") ? "" : "/") + "v1/models"))
                    .timeout(Duration.ofSeconds(10));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "not the address of a server: " + base, e);
        }
        if (key != null && !key.isBlank()) {
            request.header("Authorization", "Bearer " + key);
        }
        try (HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build()) {
            HttpResponse<String> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() == 401) {
                throw new IOException("the server at " + base + " wants a tenant's key: --key or $REALM_API_KEY");
            }
            if (answer.statusCode() != 200) {
                throw new IOException("the server at " + base + " answered " + answer.statusCode());
            }
            List<String> names = new ArrayList<>();
            for (JsonNode model : JSON.readTree(answer.body()).path("data")) {
                names.add(model.path("id").asText());
            }
            return names;
        } catch (ConnectException | HttpTimeoutException e) {
            throw new IOException("no server answers at " + base, e);
        }
    }

    private static Map<String, @Nullable Object> toJson(List<Listed> models, @Nullable List<String> served) {
        List<Map<String, @Nullable Object>> list = new ArrayList<>();
        for (Listed m : models) {
            Map<String, @Nullable Object> line = new LinkedHashMap<>();
            line.put("name", m.entry.name());
            line.put("file", m.file == null ? null : m.file.toString());
            line.put("bytes", m.bytes == 0 ? null : m.bytes);
            Fit fit = Fit.of(m.bytes);
            line.put("fits", fit == null ? null : fit.fits());
            line.put("licence", m.entry.licence());
            line.put("url", m.entry.url() == null ? null : m.entry.url().toString());
            line.put("sha256", m.entry.sha256());
            list.add(line);
        }
        Map<String, @Nullable Object> root = new LinkedHashMap<>();
        root.put("models", list);
        if (served != null) {
            root.put("served", served);
        }
        return root;
    }

    private void print(List<Listed> models, @Nullable List<String> served, PrintWriter out) {
        for (Listed m : models) {
            String size = m.bytes == 0 ? "" : String.format(Locale.ROOT, "%.1f MiB", m.bytes / MIB);
            Fit fit = Fit.of(m.bytes);
            out.printf(Locale.ROOT, "%-26s %-8s %12s  %-9s  %s%n", m.entry.name(), m.state(), size,
                    fit == null ? "" : fit.fits() ? "fits" : "too large", m.entry.licence());
        }
        if (served != null) {
            out.println();
            out.println("served at " + url + ": " + (served.isEmpty() ? "none" : String.join(", ", served)));
        }
    }
}
