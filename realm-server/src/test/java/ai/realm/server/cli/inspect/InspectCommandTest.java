package ai.realm.server.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.cli.RealmCommand;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class InspectCommandTest {
    private static final Path DEFAULT_MODEL = Path.of("..", "models", "SmolLM2-135M-Instruct.Q4_1.gguf");
    private static final Path BAD = Path.of("..", "conformance", "gguf-bad");

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

    @Test
    void inspect_defaultModel_tellsTypesMemoryAndThatItRuns() throws IOException {
        int code = run("inspect", "--json", DEFAULT_MODEL.toString());

        JsonNode json = new ObjectMapper().readTree(out.toString());
        assertThat(code).as(err.toString()).isZero();
        assertThat(json.get("runs").asBoolean()).isTrue();
        assertThat(json.get("architecture").asText()).isEqualTo("llama");
        assertThat(json.at("/types/Q4_1/tensors").asInt()).isEqualTo(210);
        assertThat(json.at("/memory/weight_bytes").asLong()).isEqualTo(96_576_768);
        // 30 layers, 3 heads, keys and values of 64 numbers in two bytes
        assertThat(json.at("/memory/kv_bytes_per_1k_tokens/F16").asLong()).isEqualTo(1000L * 30 * 3 * 2 * 64 * 2);
        assertThat(json.get("tensors")).hasSize(272);
        assertThat(json.at("/metadata/tokenizer.ggml.tokens/length").asInt()).isEqualTo(49152);
    }

    @Test
    void inspect_text_endsWithWhetherItRuns() {
        assertThat(run("inspect", DEFAULT_MODEL.toString())).isZero();
        assertThat(out.toString()).contains("llama.attention.layer_norm_rms_epsilon = 1.0E-5", "token_embd.weight");
        assertThat(out.toString().lines().toList()).last().isEqualTo("will run: llama, 30 layers, context of 8192 tokens");
    }

    @Test
    void inspect_tensorMissing_exitsOneAndNamesIt() {
        assertThat(run("inspect", BAD.resolve("tensor-missing.gguf").toString())).isEqualTo(1);
        assertThat(out.toString()).contains("will not run: tensor blk.0.ffn_up.weight is missing");
    }

    @Test
    void inspect_malformedFile_exitsOneWithThePlace() throws IOException {
        Path file = Files.write(dir.resolve("m.gguf"), new byte[100]);

        assertThat(run("inspect", "--json", file.toString())).isEqualTo(1);
        JsonNode json = new ObjectMapper().readTree(out.toString());
        assertThat(json.get("runs").asBoolean()).isFalse();
        assertThat(json.get("problem").asText()).contains("begins with GGUF", "at byte 0");
    }

    @Test
    void inspect_noFile_isWrongUsage() {
        assertThat(run("inspect", dir.resolve("absent.gguf").toString())).isEqualTo(2);
    }
}
