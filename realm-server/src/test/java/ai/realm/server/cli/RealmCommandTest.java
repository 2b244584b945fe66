package ai.realm.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class RealmCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        CommandLine line = RealmCommand.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(args);
    }

    @Test
    void help_onEveryCommand_isOffered() {
        for (String name : RealmCommand.commandLine().getSubcommands().keySet()) {
            assertThat(run(name, "--help")).as(name).isZero();
        }
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("serve", "run");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "serve --version", "guest rollback --version", "models load -V"})
    void version_onEveryCommand_isPrinted(String args) {
        assertThat(run(args.split(" "))).isZero();
        assertThat(out.toString()).startsWith("realm ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "dance", "serve --prot 1", "serve --port x", "serve --port 70000", "run",
            "run hi --temperature -1", "load --url http://127.0.0.1:1 --tenant a=k:1:1:1 --duration 1 --clients -1",
            "models unload m --drain 51 --url http://127.0.0.1:1 --admin-key k", "models unload m --drain -1"})
    void usage_thatIsWrong_exits2(String args) {
        assertThat(run(args.isEmpty() ? new String[0] : args.split(" "))).isEqualTo(2);
        assertThat(err.toString()).isNotBlank();
    }

    @Test
    void configCheck_ofGoodAndBadFiles_saysWhich(@TempDir Path dir) throws IOException {
        Path model = Files.write(dir.resolve("m.gguf"), new byte[1]);
        Path good = Files.writeString(dir.resolve("good.yaml"),
                "models: {m: {file: " + model + "}}\ntenants: [{id: a}, {id: b}]");
        assertThat(run("config", "check", good.toString())).as(err.toString()).isZero();
        assertThat(out.toString()).contains("good.yaml is valid: 2 tenants", "\"m\"");
        Path bad = Files.writeString(dir.resolve("bad.yaml"), "server: {prot: 1}");
        assertThat(run("config", "check", bad.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("server.prot");
        Path none = Files.writeString(dir.resolve("none.yaml"), "models: {m: {file: nowhere.gguf}}");
        assertThat(run("config", "check", "--json", none.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("\"valid\":false", "have no file: m");
        assertThat(run("config", "check", dir.resolve("missing.yaml").toString())).isEqualTo(1);
        assertThat(run("config")).isEqualTo(2);
    }

    @Test
    void serve_withAModelThatIsNotThere_exits1AndSaysSo() {
        assertThat(run("serve", "--model", "/no/such.gguf")).isEqualTo(1);
        assertThat(err.toString()).contains("/no/such.gguf");
    }

    @Test
    void serve_withAConfigurationThatIsNotThere_exits1AndSaysSo() throws Exception {
        try (ServerSocket any = new ServerSocket(0)) {
            assertThat(run("serve", "--model", "pom.xml.gguf", "--port", Integer.toString(any.getLocalPort()))).isEqualTo(1);
        }
        assertThat(err.toString()).contains("pom.xml.gguf");
    }
}
