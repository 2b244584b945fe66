package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.sampling.ReasoningBudget;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.guest.GenOptions.Chosen;
import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The options struct: written to a guest's memory, read back from there. */
class GenOptionsTest {
    private static final int AT = 1024;
    private static final SamplingParams RICH = new SamplingParams(33, 0.7f, 40, 0.9f, 0.05f, 0.8f, 1.1f, 0.3f, -0.4f, 77,
            (1L << 40) | 5, List.of(3, 70_000), List.of("stop", "é\n"), null, "{\"type\":\"object\"}", Map.of(5, -1.5f), 4, 2,
            Set.of(7),
            new ReasoningBudget(9, "<think>", "</think>", List.of(8), false));

    private final GuestMemory memory = new GuestMemory(new ByteArrayMemory(new MemoryLimits(1, 1)));

    /** What comes back after the guest has done {@code changes} to the struct. */
    private Chosen passedOn(SamplingParams params, int abi, Consumer<ByteBuffer> changes) {
        GenOptions options = new GenOptions(params, GenOptions.STREAM, abi);
        ByteBuffer struct = ByteBuffer.wrap(options.encode(AT)).order(ByteOrder.LITTLE_ENDIAN);
        changes.accept(struct);
        memory.write(AT, struct.array(), "test");
        return options.decode(memory, AT);
    }

    private static void unchanged(ByteBuffer struct) {
        assertThat(struct.capacity()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void passedOnUnchanged_isTheRequestExactly(int abi) {
        List<Integer> many = IntStream.range(0, 300).boxed().toList();
        for (SamplingParams p : List.of(RICH, SamplingParams.defaults(), SamplingParams.greedy(1),
                RICH.toBuilder().seed(0L).build(), RICH.toBuilder().seed(-1L).build(), RICH.toBuilder().seed(1L << 32).build(),
                RICH.toBuilder().seed(null).stopTokens(many).build(),
                RICH.toBuilder().jsonSchema(null).grammar("root ::= \"é\"").build())) {
            assertThat(passedOn(p, abi, GenOptionsTest::unchanged)).isEqualTo(new Chosen(p, true, false));
        }
    }

    @Test
    void nullPointer_isTheRequest() {
        assertThat(new GenOptions(RICH, 3, 0).decode(memory, 0)).isEqualTo(new Chosen(RICH, true, true));
    }

    @Test
    void version0_layout() {
        ByteBuffer b = ByteBuffer.wrap(new GenOptions(RICH, 3, 0).encode(AT)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(b.getInt(0)).isEqualTo(33);
        assertThat(b.getFloat(4)).isEqualTo(0.7f);
        assertThat(b.getFloat(8)).isEqualTo(0.9f);
        assertThat(b.getInt(12)).isEqualTo(40);
        assertThat(b.getFloat(16)).isEqualTo(1.1f);
        assertThat(b.getInt(20)).isEqualTo(5);
        assertThat(b.get(24)).isEqualTo((byte) 2);
        assertThat(b.get(25)).isEqualTo((byte) 0);
        assertThat(b.getShort(26)).isEqualTo((short) 3);
        assertThat(b.getInt(28)).isEqualTo(AT + 32);
        assertThat(b.getInt(32)).isEqualTo(3);
        assertThat(b.getInt(36)).isEqualTo(70_000);
    }

    @Test
    void version1_layout_everythingPointedToIsAligned() {
        ByteBuffer b = ByteBuffer.wrap(new GenOptions(RICH, 1, 1).encode(AT)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(b.get(25)).isEqualTo((byte) 1);
        assertThat(b.getInt(32)).isEqualTo(0b1_1101_1111_1111_1111);
        assertThat(b.getLong(40)).isEqualTo((1L << 40) | 5);
        assertThat(b.getFloat(48)).isEqualTo(0.05f);
        assertThat(b.getInt(64)).isEqualTo(77);
        assertThat(b.getInt(76)).isEqualTo(2);
        for (int pointer : new int[]{28, 72, 88, 96}) {
            assertThat(b.getInt(pointer) % 8).as("pointer at %d", pointer).isZero();
            assertThat(b.getInt(pointer) - AT).isBetween(112, b.capacity() - 1);
        }
        int first = b.getInt(72) - AT;
        byte[] stop = new byte[b.getInt(first + 4)];
        b.get(b.getInt(first) - AT, stop);
        assertThat(new String(stop, java.nio.charset.StandardCharsets.UTF_8)).isEqualTo("stop");
    }

    @Test
    void version0_changedFields_areUsed() {
        Chosen c = passedOn(RICH, 0, b -> b.putInt(0, 7).putFloat(4, 0).putFloat(8, 0).putInt(12, 0).putFloat(16, 0).putInt(20, 9)
                .put(24, (byte) 1).putShort(26, (short) 2));
        assertThat(c.stream()).isFalse();
        assertThat(c.parseSpecial()).isTrue();
        assertThat(c.params())
                .isEqualTo(RICH.toBuilder().maxTokens(7).temperature(0).topP(1).topK(0).repetitionPenalty(1).seed(9L)
                        .stopTokens(List.of(3)).build());
    }

    @Test
    void version0_zeroWhereAValueWas_isTheDefault() {
        SamplingParams c = passedOn(RICH, 0, b -> b.putInt(0, 0).putInt(20, 0).put(24, (byte) 0)).params();
        assertThat(c.maxTokens()).isEqualTo(33);
        assertThat(c.seed()).isNull();
        assertThat(c.stopTokens()).isEmpty();
    }

    @Test
    void version1_clearedStruct_isTheRequest() {
        Chosen c = passedOn(RICH, 1, b -> {
            b.put(0, new byte[112]).put(25, (byte) 1);
        });
        assertThat(c).isEqualTo(new Chosen(RICH, false, false));
    }

    @Test
    void version1_presentZeros_areReal() {
        SamplingParams c = passedOn(RICH, 1, b -> b.putInt(32, 1 << 5 | 1 << 1 | 1 << 12 | 1 << 14).putLong(40, 0).putFloat(4, 0)
                .putInt(76, 0).putInt(92, 0)).params();
        assertThat(c).isEqualTo(RICH.toBuilder().seed(0L).temperature(0).stopStrings(List.of()).jsonSchema(null).build());
    }

    @Test
    void version0Struct_fromAVersion1Guest_isAccepted() {
        assertThat(passedOn(RICH, 1, b -> b.put(25, (byte) 0).putInt(0, 5).put(24, (byte) 2)).params())
                .isEqualTo(RICH.toBuilder().maxTokens(5).build());
    }

    @ParameterizedTest
    @CsvSource({"0, 25, 1, -2", "1, 25, 2, -2", "1, 35, 128, -17", "0, 27, 1, -17", "0, 7, 255, -17", "1, 103, 1, -17",
            "1, 107, 1, -17", "1, 79, 1, -17", "1, 30, 255, -2", "1, 75, 1, -2", "1, 99, 127, -2", "1, 91, 255, -2",
            "0, 3, 128, -17"})
    void aByteOutOfPlace_isItsError(int abi, int offset, int value, int error) {
        assertThatThrownBy(() -> passedOn(RICH, abi, b -> b.put(offset, (byte) value)))
                .isInstanceOfSatisfying(AbiException.class,
                        e -> assertThat(e.error().code()).as(e.getMessage()).isEqualTo(error));
    }

    @Test
    void anyBytes_areReadOrRefused() {
        java.util.Random random = new java.util.Random(7);
        for (int i = 0; i < 20_000; i++) {
            try {
                passedOn(RICH, i % 2, b -> {
                    for (int n = 1 + random.nextInt(4); n > 0; n--) {
                        b.put(random.nextInt(b.capacity()), (byte) random.nextInt(256));
                    }
                });
            } catch (AbiException e) {
                assertThat(e.error()).isIn(AbiError.BAD_OPTION, AbiError.OPTIONS_UNREADABLE, AbiError.NOT_UTF8);
            }
        }
    }
}
