package ai.realm.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A PostgreSQL server of a test's own, in a temporary directory, on a free port of the loopback address. It refuses to run as root,
 * so then it runs as the user {@code postgres}, whom its package makes.
 */
public final class PostgresServer implements AutoCloseable {
    private static final int SECONDS = 60;
    private static final String USER = "realm";

    private final List<String> as;
    private final Path programs;
    private final Path dir;
    private final String password = UUID.randomUUID().toString();
    private final int port;

    private PostgresServer(List<String> as, Path programs, Path dir, int port) {
        this.as = as;
        this.programs = programs;
        this.dir = dir;
        this.port = port;
    }

    public static PostgresServer start() throws IOException, InterruptedException {
        List<String> as = System.getProperty("user.name").equals("root") ? List.of("runuser", "-u", "postgres", "--") : List.of();
        Path dir = Path
                .of(run(with(as, "mktemp", "-d", Path.of(System.getProperty("java.io.tmpdir"), "realm-pg.XXXXXX").toString()))
                        .strip());
        PostgresServer server = new PostgresServer(as, programs(), dir, freePort());
        server.initialize();
        Runtime.getRuntime().addShutdownHook(new Thread(server::stop));
        return server;
    }

    private void initialize() throws IOException, InterruptedException {
        // The password goes in by a file that only its user can read.
        run(with(as, "sh", "-c", "umask 077; printf %s " + password + " > " + dir + "/password"));
        run(program("initdb", "-D", dir + "/data", "-U", USER, "-A", "scram-sha-256", "--pwfile=" + dir + "/password", "-E",
                "UTF8",
                "--locale=C", "--no-sync"));
        restart();
    }

    private static List<String> with(List<String> as, String... command) {
        List<String> all = new ArrayList<>(as);
        all.addAll(List.of(command));
        return all;
    }

    private List<String> program(String name, String... arguments) {
        List<String> all = with(as, programs.resolve(name).toString());
        all.addAll(List.of(arguments));
        return all;
    }

    /** Where the newest version's programs are; Debian keeps them off the path. */
    private static Path programs() throws IOException {
        List<Path> places = new ArrayList<>();
        Path debian = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(debian)) {
            try (Stream<Path> versions = Files.list(debian)) {
                versions.sorted(Comparator.comparing((Path v) -> v.getFileName().toString()).reversed())
                        .forEach(v -> places.add(v.resolve("bin")));
            }
        }
        for (String place : System.getenv("PATH").split(":")) {
            places.add(Path.of(place));
        }
        return places.stream().filter(p -> Files.isExecutable(p.resolve("initdb")) && Files.isExecutable(p.resolve("pg_ctl")))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no PostgreSQL programs here; install the package postgresql"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Path out = Files.createTempFile("realm-pg", ".out");
        Process process = new ProcessBuilder(command).directory(Path.of("/").toFile()).redirectErrorStream(true)
                .redirectOutput(out.toFile()).start();
        boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        String text = Files.readString(out);
        Files.delete(out);
        if (!ended || process.exitValue() != 0) {
            throw new IllegalStateException(command.get(command.size() > 4 ? 4 : 0) + " failed: " + text);
        }
        return text;
    }

    /** How the driver reaches one of its databases. */
    public String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    public String user() {
        return USER;
    }

    public String password() {
        return password;
    }

    public void createDatabase(String name) throws SQLException {
        execute("CREATE DATABASE " + name);
    }

    public void cutConnections() throws SQLException {
        execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'realm'");
    }

    /** Ends it at once, as a crash does; its files stay. */
    public void crash() throws IOException, InterruptedException {
        run(program("pg_ctl", "-D", dir + "/data", "-m", "immediate", "stop"));
    }

    /** Starts it again after {@link #crash}, on the same port. */
    public void restart() throws IOException, InterruptedException {
        run(program("pg_ctl", "-D", dir + "/data", "-w", "-l", dir + "/log", "-o", options(), "start"));
    }

    private String options() {
        return "-p " + port + " -c listen_addresses=127.0.0.1 -c unix_socket_directories=";
    }

    private void execute(String sql) throws SQLException {
        try (Connection c = DriverManager.getConnection(url("postgres"), USER, password);
                Statement s = c.createStatement()) {
            s.execute(sql);
        }
    }

    private void stop() {
        try {
            crash();
        } catch (IOException | IllegalStateException e) {
            // It was stopped before.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        stop();
        run(with(as, "rm", "-rf", dir.toString()));
    }
}
