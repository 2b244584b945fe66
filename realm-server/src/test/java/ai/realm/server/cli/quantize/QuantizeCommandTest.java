package ai.realm.server.cli.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.gguf.GgufType;
import ai.realm.core.tensor.GgmlType;
import ai.realm.server.cli.RealmCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class QuantizeCommandTest {
    @TempDir
    private Path dir;
    private Path in;
    private Path out;
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void write() throws IOException {
        float[] weights = new float[256 * 3];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (i * 37 % 101 - 50) / 50f;
        }
        float[] norm = new float[256];
        Arrays.fill(norm, 1f);
        in = new GgufBuilder().string("general.architecture", "llama").u32("general.file_type", 0).u32("llama.block_count", 1)
                .f32("llama.rope.freq_base", 1e4f).strings("tokenizer.ggml.tokens", List.of("a", "é", ""))
                .bools("llama.flags", true, false).tensor("token_embd.weight", weights, 256, 3)
                .tensor("blk.0.attn_norm.weight", norm, 256).writeTo(dir, "in.gguf");
        out = dir.resolve("out.gguf");
    }

    private int run(String... args) {
        CommandLine line = RealmCommand.commandLine();
        line.setOut(new PrintWriter(new StringWriter(), true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(args);
    }

    @Test
    void quantize_model_keepsItsKeysAndWhatIsSmall() throws IOException {
        assertThat(run("quantize", in.toString(), out.toString(), "q4_0")).as(err.toString()).isZero();

        try (GgufFile file = GgufReader.open(out); GgufFile before = GgufReader.open(in)) {
            assertThat(file.tensor("token_embd.weight").type()).isEqualTo(GgmlType.Q6_K);
            assertThat(file.tensor("blk.0.attn_norm.weight").type()).isEqualTo(GgmlType.F32);
            assertThat(file.integer("general.file_type")).isEqualTo(2);
            assertThat(file.integer("general.quantization_version")).isEqualTo(2);
            assertThat(file.array("tokenizer.ggml.tokens").strings()).containsExactly("a", "é", "");
            assertThat(file.array("llama.flags").booleans()).containsExactly(true, false);
            assertThat(file.type("llama.rope.freq_base")).isEqualTo(GgufType.FLOAT32);
            assertThat(file.metadata().keySet()).containsAll(before.metadata().keySet());
        }
        assertThat(dir).isDirectoryNotContaining(p -> p.toString().endsWith(".part"));
    }

    @Test
    void quantize_fileThatIsThere_isNotTouched() throws IOException {
        Files.writeString(out, "mine");

        assertThat(run("quantize", in.toString(), out.toString(), "Q8_0")).isEqualTo(1);
        assertThat(out).hasContent("mine");
        assertThat(err.toString()).contains("--force");
        assertThat(run("quantize", "--force", in.toString(), in.toString(), "Q8_0")).isEqualTo(1);
    }

    @Test
    void quantize_whatIsQuantized_isRefused() {
        assertThat(run("quantize", in.toString(), out.toString(), "Q8_0")).isZero();

        assertThat(run("quantize", out.toString(), dir.resolve("again.gguf").toString(), "Q4_0")).isEqualTo(1);
        assertThat(err.toString()).contains("Q8_0 already");
        assertThat(dir.resolve("again.gguf")).doesNotExist();
    }

    @Test
    void quantize_unknownType_listsThem() {
        assertThat(run("quantize", in.toString(), out.toString(), "Q9")).isEqualTo(2);
        assertThat(err.toString()).contains("Q4_K_M", "IQ4_XS");
    }

    @Test
    void quantize_besideAnUnfinishedDownload_leavesIt() throws IOException {
        Path part = Files.writeString(dir.resolve("out.gguf.part"), "half");

        assertThat(run("quantize", in.toString(), out.toString(), "Q8_0")).as(err.toString()).isZero();
        assertThat(part).hasContent("half");
    }

    @Test
    void quantize_forcedOverALaterPart_isRefused() throws IOException {
        Path first = Files.writeString(dir.resolve("m-00001-of-00002.gguf"), "one");
        Path second = Files.writeString(dir.resolve("m-00002-of-00002.gguf"), "two");

        assertThat(run("quantize", "--force", first.toString(), second.toString(), "Q8_0")).isEqualTo(1);
        assertThat(err.toString()).contains("it is a file to read");
        assertThat(second).hasContent("two");
    }

    @Test
    void quantize_tensorOfALayerBeyondAnyNumber_isWritten() throws IOException {
        Path odd = new GgufBuilder().string("general.architecture", "llama").u32("llama.block_count", 1)
                .tensor("blk.0.ffn_down.weight", new float[256], 256, 1)
                .tensor("blk.99999999999.ffn_down.weight", new float[256], 256, 1).writeTo(dir, "odd.gguf");

        assertThat(run("quantize", odd.toString(), out.toString(), "Q8_0")).as(err.toString()).isZero();
    }
}
