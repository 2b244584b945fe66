package ai.realm.server.cli;

import ai.realm.server.RealmServer;
import ai.realm.server.config.RealmConfig;
import ai.realm.server.domain.ApiKeys;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.sqlite.util.LibraryLoaderUtil;
import picocli.CommandLine.Command;

/**
 * {@code realm train}, which the launcher runs once after each build: a server with the default model on a free port of this
 * machine that is asked twice and ends. From this run the JVM takes what its AOT cache holds.
 */
@Command(name = "train", hidden = true, description = "Runs a server for a moment, for the JVM to record its AOT cache.")
public final class TrainCommand implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @Override
    public Integer call() throws Exception {
        ModelChoice choice = ModelChoice.of(null);
        String key = ApiKeys.generate();
        Path data = Files.createTempDirectory("realm-train");
        RealmConfig demo = DemoConfig.of(Map.of(choice.name(), choice.entry()), key);
        RealmConfig config = new RealmConfig(demo.server().withPort(0).withData(data), null, demo.engine(), demo.models(),
                demo.tenants());
        try (RealmServer server = new RealmServer(config, false, new CatalogFiles());
                HttpClient client = HttpClient.newHttpClient()) {
            server.start();
            for (boolean stream : List.of(false, true)) {
                int status = ask(client, server.url(), key, stream);
                if (status != 200) {
                    System.err.println("realm: the server answered " + status);
                    return 1;
                }
            }
            server.drain();
        } finally {
            delete(data);
        }
        String libraries = System.getProperty("org.sqlite.lib.path");
        if (libraries != null) {
            unpackSqlite(Path.of(libraries));
        }
        return 0;
    }

    /** Lays SQLite's library where later starts look for it, as unpacking and comparing it takes each of them a tenth of a second. */
    private static void unpackSqlite(Path directory) throws IOException {
        String name = LibraryLoaderUtil.getNativeLibName();
        String from = LibraryLoaderUtil.getNativeLibResourcePath() + "/" + name;
        try (InputStream library = LibraryLoaderUtil.class.getResourceAsStream(from)) {
            if (library != null) {
                Files.createDirectories(directory);
                Path part = Files.createTempFile(directory, name, null);
                Files.copy(library, part, StandardCopyOption.REPLACE_EXISTING);
                Files.move(part, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    private static int ask(HttpClient client, String url, String key, boolean stream) throws IOException, InterruptedException {
        String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"What is the capital of France?\"}],\"max_tokens\":16,\"stream\":"
                + stream + "}";
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/v1/chat/completions")).timeout(LIMIT)
                .header("Authorization", "Bearer " + key).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)).build();
        return client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
