package ai.realm.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The real server in a process of its own, started as the launcher starts it; its log is kept and can be waited on. */
final class RealmProcess implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long START_SECONDS = 240;
    private static final Pattern USED = Pattern.compile("used (\\d+)K");

    private final Process process;
    private final List<String> log = new ArrayList<>();
    private final CompletableFuture<String> firstLine = new CompletableFuture<>();
    private JsonNode ready = JSON.nullNode();

    private RealmProcess(Process process) {
        this.process = process;
        Thread.ofVirtual().start(() -> read(process.getErrorStream(), this::logged));
        Thread.ofVirtual().start(() -> {
            read(process.getInputStream(), firstLine::complete);
            firstLine.completeExceptionally(new IllegalStateException("the server ended before it was ready"));
        });
    }

    private static void read(InputStream in, java.util.function.Consumer<String> line) {
        try (BufferedReader reader = new BufferedReader(new java.io.InputStreamReader(in, StandardCharsets.UTF_8))) {
            reader.lines().forEach(line);
        } catch (IOException | UncheckedIOException e) {
            line.accept("(the stream ended: " + e.getMessage() + ")");
        }
    }

    private void logged(String line) {
        synchronized (log) {
            log.add(line);
            log.notifyAll();
        }
    }

    /** Starts {@code realm} with these arguments and waits for nothing. */
    static RealmProcess launch(List<String> args) throws IOException {
        return launch(List.of(), args);
    }

    /** @param jvm options beside those of the launcher */
    static RealmProcess launch(List<String> jvm, List<String> args) throws IOException {
        return launch("debug", jvm, args);
    }

    private static RealmProcess launch(String log, List<String> jvm, List<String> args) throws IOException {
        Path options = home().resolve("realm-server/src/main/launcher");
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + options.resolve("jvm.options")));
        if (needsVectorApi(jvm)) {
            command.add("@" + options.resolve("vector.options"));
        }
        command.addAll(jvm);
        command.addAll(List.of("-Drealm.home=" + home(), "-jar", jar().toString()));
        command.addAll(args);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("REALM_LOG", log);
        return new RealmProcess(builder.start());
    }

    /** As the launcher decides it. */
    private static boolean needsVectorApi(List<String> jvm) throws IOException {
        Path processors = Path.of("/proc/cpuinfo");
        return jvm.stream().anyMatch(o -> o.matches("-Drealm\\.(kernels|machine|vector|activations).*"))
                || !Files.exists(processors) || !Files.readString(processors).contains(" avx512_vnni ");
    }

    /** Starts a server with this configuration on a free port and returns when it is ready. */
    static RealmProcess serve(Path config) throws IOException {
        return serve("debug", config);
    }

    /** @param log the level of the log: less than all of it where much is asked */
    static RealmProcess serve(String log, Path config) throws IOException {
        RealmProcess p = launch(log, List.of(), List.of("serve", "--json", "--port", "0", "--config", config.toString()));
        p.awaitReady();
        return p;
    }

    void awaitReady() {
        awaitFirstLine(START_SECONDS);
    }

    private void awaitFirstLine(long seconds) {
        try {
            ready = JSON.readTree(firstLine.get(seconds, TimeUnit.SECONDS));
            if (ready.has("management")) {
                Api.MANAGEMENT.put(url(), ready.path("management").textValue());
            }
        } catch (InterruptedException | ExecutionException | TimeoutException | IOException e) {
            close();
            throw new IllegalStateException("the server did not become ready; its log:\n" + String.join("\n", log()), e);
        }
    }

    /** The checkout that the server runs from. */
    static Path home() {
        return Path.of("").toAbsolutePath().getParent();
    }

    private static Path jar() throws IOException {
        try (Stream<Path> files = Files.list(home().resolve("realm-server").resolve("target"))) {
            return files.filter(f -> f.getFileName().toString().matches("realm-server-[^/]*\\.jar")).findFirst()
                    .orElseThrow(() -> new IllegalStateException("build realm-server first (mvn package)"));
        }
    }

    String url() {
        return ready.path("url").textValue();
    }

    JsonNode ready() {
        return ready;
    }

    /** The lines of the log so far. */
    List<String> log() {
        synchronized (log) {
            return List.copyOf(log);
        }
    }

    /** The first line that fits, waiting for it. */
    String awaitLog(Predicate<String> wanted) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        int seen = 0;
        synchronized (log) {
            while (true) {
                for (; seen < log.size(); seen++) {
                    if (wanted.test(log.get(seen))) {
                        return log.get(seen);
                    }
                }
                long left = end - System.nanoTime();
                if (left <= 0) {
                    throw new AssertionError("the log never had the line; it has:\n" + String.join("\n", log));
                }
                log.wait(left / 1_000_000 + 1);
            }
        }
    }

    /** SIGTERM, by the handle: {@link Process#destroy} would close the pipe that the log comes through. */
    void terminate() {
        if (!process.toHandle().destroy()) {
            throw new AssertionError("the process could not be asked to end");
        }
    }

    void kill() {
        process.destroyForcibly();
    }

    /** The exit code, waiting for it. */
    int awaitExit() throws InterruptedException {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("the process did not end; its log:\n" + String.join("\n", log()));
        }
        return process.exitValue();
    }

    long pid() {
        return process.pid();
    }

    /** What the server's heap holds after a collection. */
    long usedHeap() throws IOException, InterruptedException {
        jcmd("GC.run");
        Matcher used = USED.matcher(jcmd("GC.heap_info"));
        if (!used.find()) {
            throw new AssertionError("the heap's size is not known");
        }
        return Long.parseLong(used.group(1)) << 10;
    }

    /** What the JDK's diagnostic command prints about the process. */
    String jcmd(String command) throws IOException, InterruptedException {
        Process jcmd = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(pid()), command).start();
        String printed = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (jcmd.waitFor() != 0) {
            throw new AssertionError("jcmd " + command + " failed: " + printed);
        }
        return printed;
    }

    /** What the program printed first, waiting for it; for programs that print one line. */
    JsonNode awaitLine() {
        return awaitLine(START_SECONDS);
    }

    JsonNode awaitLine(long seconds) {
        awaitFirstLine(seconds);
        return ready;
    }

    /** Whether it has ended, waiting for that so long at most. */
    boolean endsWithin(Duration patience) throws InterruptedException {
        return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    boolean alive() {
        return process.isAlive();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
