package ai.realm.core.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tokenizer.Tokenizers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is done to a file, it loads or is refused by a {@link GgufException}, and takes no memory worth speaking of. */
class GgufMutationTest {
    private static final int ROUNDS = 3000;
    private static final long[] NASTY = {0, 1, -1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, Integer.MAX_VALUE, Integer.MIN_VALUE,
            0xFFFFFFFFL,
            1L << 32, 1L << 40, 1L << 62, Long.MAX_VALUE, Long.MIN_VALUE, 24, 32, 9, 13};

    private static byte[] valid() {
        return new GgufBuilder().string("general.architecture", "llama").alignment(32).u32("llama.block_count", 1)
                .string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", "gpt-2")
                .strings("tokenizer.ggml.tokens", List.of("a", "b", "ab", "<s>", "é"))
                .i32s("tokenizer.ggml.token_type", 1, 1, 1, 3, 1).f32s("tokenizer.ggml.scores", 0, 1, 2, 3, 4)
                .strings("tokenizer.ggml.merges", List.of("a b")).u32("tokenizer.ggml.bos_token_id", 3)
                .tensor("token_embd.weight", new float[32], 8, 4).tensor("blk.0.q", GgmlType.Q4_0, new byte[36], 32, 2)
                .tensor("output_norm.weight", new float[8], 8).build();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void parse_mutatedFile_loadsOrIsRefused(long seed) {
        Random random = new Random(seed);
        byte[] valid = valid();
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] file = mutated(valid.clone(), random);
            try (GgufFile gguf = GgufReader.parse(file)) {
                Tokenizers.fromGguf(gguf).ifPresent(t -> t.encode("ab <s> é\n", true, true));
            } catch (GgufException e) {
                assertThat(e.getMessage()).isNotBlank();
                refused++;
            }
        }
        assertThat(refused).isBetween(ROUNDS / 10, ROUNDS);
    }

    private static byte[] mutated(byte[] file, Random random) {
        byte[] out = file;
        for (int n = 1 + random.nextInt(3); n > 0 && out.length > 8; n--) {
            int at = random.nextInt(out.length - 8);
            ByteBuffer bytes = ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN);
            switch (random.nextInt(6)) {
                case 0 -> out[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> out[at] = (byte) random.nextInt();
                case 2 -> bytes.putInt(at, (int) NASTY[random.nextInt(NASTY.length)]);
                case 3 -> bytes.putLong(at, NASTY[random.nextInt(NASTY.length)]);
                case 4 -> out = Arrays.copyOf(out, at);
                default -> System.arraycopy(out, random.nextInt(out.length - 8), out, at, 8);
            }
        }
        return out;
    }
}
