package ai.realm.server.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.cli.RealmCommand;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class VerifyCommandTest {
    private static final String GOOD = """
            {"type": "BF16", "ggml_type_id": 30, "packed": "gD8AQA==", "dequantized": "AACAPwAAAEA=",
             "adversarial": [{"name": "nan", "packed": "wH8=", "dequantized": "AADAfw=="}]}
            """;
    private static final String BAD = """
            {"type": "BF16", "ggml_type_id": 30, "packed": "gD8AQA==", "dequantized": "AACAPwAAgEA="}
            """;

    @TempDir
    private Path dir;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        CommandLine line = RealmCommand.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(args);
    }

    private void put(String path, String text) throws IOException {
        Path file = dir.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void verify_allCasesPass_exitsZeroWithSummaryLast() throws IOException {
        put("quants/good.json", GOOD);

        int code = run("verify", dir.toString());

        assertThat(code).as(err.toString()).isZero();
        assertThat(out.toString().lines().toList()).last().isEqualTo("passed 1 of 1");
        assertThat(out.toString()).startsWith("kernels ").contains("KV f32", "1e-06");
    }

    @Test
    void verify_oneCaseFails_exitsOneAndSaysWhere() throws IOException {
        put("quants/a.json", GOOD);
        put("quants/b.json", BAD);

        int code = run("verify", dir.toString());

        assertThat(code).isEqualTo(1);
        assertThat(out.toString()).contains("FAIL", "weight 1 is 2.0, not 4.0");
        assertThat(out.toString().lines().toList()).last().isEqualTo("passed 1 of 2");
    }

    @Test
    void verify_json_printsOneObjectForEachCase() throws IOException {
        put("quants/a.json", GOOD);
        put("quants/b.json", BAD);
        put("quants/broken.json", "{");

        run("verify", dir.toString(), "--json", "--only", "quants");

        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(4).last().isEqualTo("passed 1 of 3");
        JsonNode bad = CaseData.JSON.readTree(lines.get(1));
        assertThat(bad.get("kind").asText()).isEqualTo("quants");
        assertThat(bad.get("name").asText()).isEqualTo("b");
        assertThat(bad.get("pass").asBoolean()).isFalse();
        assertThat(bad.get("metric").asText()).isEqualTo("max_relative_error");
        assertThat(bad.get("value").asDouble()).isEqualTo(0.5);
        assertThat(bad.get("limit").asDouble()).isEqualTo(1e-6);
        assertThat(err.toString()).contains("kernels ");
    }

    @Test
    void verify_missingFolder_isWrongUsage() {
        assertThat(run("verify", dir.resolve("absent").toString())).isEqualTo(2);
        assertThat(err.toString()).contains("not a folder");
    }

    @Test
    void verify_unknownKind_isWrongUsage() throws IOException {
        put("quants/a.json", GOOD);

        assertThat(run("verify", dir.toString(), "--only", "quants,nosuch")).isEqualTo(2);
        assertThat(err.toString()).contains("no kind is named nosuch");
    }

    @Test
    void verify_folderOfAnUnknownKindOnly_isWrongUsage() throws IOException {
        put("nosuch/a.json", GOOD);

        assertThat(run("verify", dir.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("no cases", "nosuch");
    }

    @Test
    void verify_emptyFolderOfAKind_isWrongUsage() throws IOException {
        Files.createDirectories(dir.resolve("quants"));

        assertThat(run("verify", dir.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("no cases");
    }

    @Test
    void verify_kindThatIsNotThere_isWrongUsage() throws IOException {
        put("quants/a.json", GOOD);
        Files.createDirectories(dir.resolve("archs"));

        assertThat(run("verify", dir.toString(), "--only", "rope")).isEqualTo(2);
    }

    @Test
    void verify_malformedFilesWithoutTheirIndex_isAFailedCase() throws IOException {
        put("gguf-bad/a.gguf", "x");

        assertThat(run("verify", dir.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("index.json").endsWith("passed 0 of 1" + System.lineSeparator());
    }

    @Test
    void verify_modelOutsideTheFolder_isAFailedCase() throws IOException {
        put("archs/a.json", "{\"file\": \"../../secret.gguf\", \"tokens\": [1], \"logits\": {\"data\": \"\"}}");

        assertThat(run("verify", dir.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("must lie in the case's folder");
    }
}
