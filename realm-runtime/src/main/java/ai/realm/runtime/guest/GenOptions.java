package ai.realm.runtime.guest;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options struct of the guest ABI: a request's parameters written for a guest, and what a guest passes on read back. A field
 * that comes back as it was handed out keeps the request's exact value, even where the struct cannot hold all of it.
 * {@code docs/guest-abi.md} has the layout.
 */
final class GenOptions {
    static final int SIZE = 32;
    static final int EXTENDED_SIZE = 112;
    static final int STREAM = 1;
    static final int PARSE_SPECIAL = 2;
    /** Lists and texts longer than this are not read: nothing sensible is. */
    private static final long MAX_BYTES = 1 << 20;
    private static final int MAX_ITEMS = 4096;

    private final SamplingParams params;
    private final int flags;
    private final int abi;

    /** @param flags what the guest finds at offset 26 */
    GenOptions(SamplingParams params, int flags, int abi) {
        this.params = params;
        this.flags = flags;
        this.abi = abi;
    }

    /** What a generation uses. */
    record Chosen(SamplingParams params, boolean stream, boolean parseSpecial) {}

    Chosen unchanged() {
        return new Chosen(params, (flags & STREAM) != 0, (flags & PARSE_SPECIAL) != 0);
    }

    /** The struct and everything that it points to, for address {@code base}, which is 8-aligned. */
    byte[] encode(int base) {
        Writer out = new Writer(base, abi == 0 ? SIZE : EXTENDED_SIZE);
        List<Integer> stops = handedStops();
        out.buffer.putInt(0, params.maxTokens()).putFloat(4, params.temperature()).putFloat(8, params.topP())
                .putInt(12, params.topK()).putFloat(16, params.repetitionPenalty()).putInt(20, lowSeed())
                .put(24, (byte) stops.size()).put(25, (byte) abi).putShort(26, (short) flags);
        List<Integer> all = abi == 0 ? stops : params.stopTokens();
        if (!all.isEmpty()) {
            out.point(28, ints(all));
        }
        if (abi != 0) {
            extended(out);
        }
        return out.bytes();
    }

    private void extended(Writer out) {
        int present = Field.MAX_TOKENS.bit | Field.TEMPERATURE.bit | Field.TOP_P.bit | Field.TOP_K.bit
                | Field.REPETITION_PENALTY.bit
                | Field.STOP_TOKENS.bit | Field.MIN_P.bit | Field.TYPICAL_P.bit | Field.FREQUENCY_PENALTY.bit
                | Field.PRESENCE_PENALTY.bit | Field.REPEAT_WINDOW.bit | Field.STOP_STRINGS.bit | Field.LOGIT_BIAS.bit;
        if (params.logProbs() != SamplingParams.NO_LOG_PROBS) {
            present |= Field.LOG_PROBS.bit;
            out.buffer.putInt(68, params.logProbs());
        }
        Long seed = params.seed();
        if (seed != null) {
            present |= Field.SEED.bit;
            out.buffer.putLong(40, seed);
        }
        out.buffer.putFloat(48, params.minP()).putFloat(52, params.typicalP()).putFloat(56, params.frequencyPenalty())
                .putFloat(60, params.presencePenalty()).putInt(64, params.repeatWindow());
        if (!params.stopStrings().isEmpty()) {
            out.point(72, spans(out, params.stopStrings()));
            out.buffer.putInt(76, params.stopStrings().size());
        }
        present |= text(out, 80, params.grammar(), Field.GRAMMAR);
        present |= text(out, 88, params.jsonSchema(), Field.JSON_SCHEMA);
        if (!params.logitBias().isEmpty()) {
            out.point(96, biases(params.logitBias()));
            out.buffer.putInt(100, params.logitBias().size());
        }
        out.buffer.putInt(104, params.stopTokens().size()).putInt(32, present);
    }

    private static int text(Writer out, int offset, @Nullable String text, Field field) {
        if (text == null) {
            return 0;
        }
        byte[] bytes = Text.utf8(text);
        out.point(offset, bytes);
        out.buffer.putInt(offset + 4, bytes.length);
        return field.bit;
    }

    private List<Integer> handedStops() {
        return params.stopTokens().subList(0, Math.min(255, params.stopTokens().size()));
    }

    private int lowSeed() {
        Long seed = params.seed();
        return seed == null ? 0 : (int) (long) seed;
    }

    /** What the guest passes on at {@code ptr}; 0 is the request's own. */
    Chosen decode(GuestMemory memory, long ptr) {
        if (ptr == 0) {
            return unchanged();
        }
        ByteBuffer in = struct(memory, ptr, SIZE);
        int version = in.get(25) & 0xff;
        if (version > abi) {
            throw unreadable("its version is " + version + ", but realm_abi_version of this guest is " + abi);
        }
        int given = in.getShort(26) & 0xffff;
        if ((given & ~(STREAM | PARSE_SPECIAL)) != 0) {
            throw new AbiException(AbiError.BAD_OPTION, "flags " + given + " has bits that are not defined; 0 and 1 are");
        }
        SamplingParams.Builder b = params.toBuilder();
        try {
            if (version == 0) {
                plain(memory, in, b);
            } else {
                extended(memory, struct(memory, ptr, EXTENDED_SIZE), b);
            }
            return new Chosen(b.build(), (given & STREAM) != 0, (given & PARSE_SPECIAL) != 0);
        } catch (RealmException e) {
            throw new AbiException(AbiError.BAD_OPTION, "the options' " + e.getMessage());
        }
    }

    private static AbiException unreadable(String why) {
        return new AbiException(AbiError.OPTIONS_UNREADABLE, "the options cannot be read: " + why);
    }

    private static ByteBuffer struct(GuestMemory memory, long ptr, int size) {
        if (!memory.holds(ptr, size)) {
            throw unreadable(size + " bytes at " + ptr + " do not lie within the memory of " + memory.size() + " bytes");
        }
        return ByteBuffer.wrap(memory.read(ptr, size, "options")).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void plain(GuestMemory memory, ByteBuffer in, SamplingParams.Builder b) {
        if (in.getInt(0) != 0) {
            b.maxTokens(positive(in.getInt(0), "max_tokens"));
        }
        b.temperature(in.getFloat(4)).topP(oneIfZero(in.getFloat(8))).topK(positive(in.getInt(12), "top_k"))
                .repetitionPenalty(oneIfZero(in.getFloat(16)));
        int seed = in.getInt(20);
        if (seed != lowSeed()) {
            b.seed(seed == 0 ? null : Integer.toUnsignedLong(seed));
        }
        List<Integer> stops = readInts(memory, in.getInt(28), in.get(24) & 0xff, "stop_tokens");
        if (!stops.equals(handedStops())) {
            b.stopTokens(stops);
        }
    }

    private void extended(GuestMemory memory, ByteBuffer in, SamplingParams.Builder b) {
        int present = in.getInt(32);
        if ((present & ~Field.ALL) != 0) {
            throw new AbiException(AbiError.BAD_OPTION, "presence bits " + Integer.toHexString(present) + " name unknown fields");
        }
        for (Field field : Field.values()) {
            if ((present & field.bit) != 0) {
                read(memory, in, b, field);
            }
        }
    }

    private static void read(GuestMemory memory, ByteBuffer in, SamplingParams.Builder b, Field field) {
        switch (field) {
            case MAX_TOKENS -> b.maxTokens(positive(in.getInt(0), "max_tokens"));
            case TEMPERATURE -> b.temperature(in.getFloat(4));
            case TOP_P -> b.topP(in.getFloat(8));
            case TOP_K -> b.topK(positive(in.getInt(12), "top_k"));
            case REPETITION_PENALTY -> b.repetitionPenalty(in.getFloat(16));
            case STOP_TOKENS ->
                b.stopTokens(readInts(memory, in.getInt(28), count(in.getInt(104), "stop_token_count"), "stop_tokens"));
            case SEED -> b.seed(in.getLong(40));
            case MIN_P -> b.minP(in.getFloat(48));
            case TYPICAL_P -> b.typicalP(in.getFloat(52));
            case FREQUENCY_PENALTY -> b.frequencyPenalty(in.getFloat(56));
            case PRESENCE_PENALTY -> b.presencePenalty(in.getFloat(60));
            case REPEAT_WINDOW -> b.repeatWindow(in.getInt(64));
            case LOG_PROBS -> b.logProbs(positive(in.getInt(68), "log_probs"));
            case STOP_STRINGS -> b.stopStrings(readTexts(memory, in.getInt(72), count(in.getInt(76), "stop_string_count")));
            case GRAMMAR -> b.grammar(readOptional(memory, in.getInt(80), in.getInt(84), "grammar"));
            case JSON_SCHEMA -> b.jsonSchema(readOptional(memory, in.getInt(88), in.getInt(92), "json_schema"));
            case LOGIT_BIAS -> b.logitBias(readBiases(memory, in.getInt(96), count(in.getInt(100), "logit_bias_count")));
        }
    }

    private static int positive(int value, String field) {
        if (value < 0) {
            throw new AbiException(AbiError.BAD_OPTION,
                    field + " must be at most " + Integer.MAX_VALUE + ", not " + Integer.toUnsignedString(value));
        }
        return value;
    }

    private static int count(int value, String field) {
        if (value < 0 || value > MAX_ITEMS) {
            throw new AbiException(AbiError.BAD_OPTION,
                    field + " must be at most " + MAX_ITEMS + ", not " + Integer.toUnsignedString(value));
        }
        return value;
    }

    private static float oneIfZero(float value) {
        return value == 0 ? 1 : value;
    }

    private static ByteBuffer array(GuestMemory memory, int ptr, long bytes, String field) {
        long at = Integer.toUnsignedLong(ptr);
        if (!memory.holds(at, bytes)) {
            throw unreadable(
                    field + ": " + bytes + " bytes at " + at + " do not lie within the memory of " + memory.size() + " bytes");
        }
        return ByteBuffer.wrap(memory.read(at, bytes, field)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static List<Integer> readInts(GuestMemory memory, int ptr, int count, String field) {
        if (count == 0) {
            return List.of();
        }
        ByteBuffer in = array(memory, ptr, 4L * count, field);
        List<Integer> values = new ArrayList<>(count);
        while (in.hasRemaining()) {
            values.add(positive(in.getInt(), field));
        }
        return values;
    }

    private static List<String> readTexts(GuestMemory memory, int ptr, int count) {
        if (count == 0) {
            return List.of();
        }
        ByteBuffer in = array(memory, ptr, 8L * count, "stop_strings");
        List<String> texts = new ArrayList<>(count);
        long bytes = 0;
        while (in.hasRemaining()) {
            int at = in.getInt();
            int len = in.getInt();
            bytes += Integer.toUnsignedLong(len);
            requireShort(bytes, "stop_strings together"); // they may all be the same bytes of the guest's memory
            texts.add(readText(memory, at, len, "stop_strings"));
        }
        return texts;
    }

    /** Length 0 with its bit set takes the request's grammar or schema away. */
    private static @Nullable String readOptional(GuestMemory memory, int ptr, int len, String field) {
        return len == 0 ? null : readText(memory, ptr, len, field);
    }

    private static String readText(GuestMemory memory, int ptr, int len, String field) {
        long bytes = Integer.toUnsignedLong(len);
        requireShort(bytes, field);
        String text = Text.strictUtf8(array(memory, ptr, bytes, field).array());
        if (text == null) {
            throw new AbiException(AbiError.NOT_UTF8, "options: " + field + " is not UTF-8");
        }
        return text;
    }

    private static void requireShort(long bytes, String what) {
        if (bytes > MAX_BYTES) {
            throw new AbiException(AbiError.BAD_OPTION, what + " must have at most " + MAX_BYTES + " bytes, not " + bytes);
        }
    }

    private static Map<Integer, Float> readBiases(GuestMemory memory, int ptr, int count) {
        if (count == 0) {
            return Map.of();
        }
        ByteBuffer in = array(memory, ptr, 8L * count, "logit_bias");
        Map<Integer, Float> biases = new LinkedHashMap<>();
        while (in.hasRemaining()) {
            int token = positive(in.getInt(), "logit_bias token");
            float bias = in.getFloat();
            if (!Float.isFinite(bias)) {
                throw new AbiException(AbiError.BAD_OPTION, "logit_bias of token " + token + " must be finite, not " + bias);
            }
            biases.put(token, bias);
        }
        return biases;
    }

    private static byte[] ints(List<Integer> values) {
        ByteBuffer out = ByteBuffer.allocate(values.size() * 4).order(ByteOrder.LITTLE_ENDIAN);
        values.forEach(out::putInt);
        return out.array();
    }

    private static byte[] spans(Writer to, List<String> texts) {
        ByteBuffer out = ByteBuffer.allocate(texts.size() * 8).order(ByteOrder.LITTLE_ENDIAN);
        for (String text : texts) {
            byte[] bytes = Text.utf8(text);
            out.putInt(to.append(bytes)).putInt(bytes.length);
        }
        return out.array();
    }

    private static byte[] biases(Map<Integer, Float> biases) {
        ByteBuffer out = ByteBuffer.allocate(biases.size() * 8).order(ByteOrder.LITTLE_ENDIAN);
        biases.forEach((token, bias) -> out.putInt(token).putFloat(bias));
        return out.array();
    }

    /** The presence bits of version 1, from bit 0. */
    enum Field {
        MAX_TOKENS,
        TEMPERATURE,
        TOP_P,
        TOP_K,
        REPETITION_PENALTY,
        SEED,
        STOP_TOKENS,
        MIN_P,
        TYPICAL_P,
        FREQUENCY_PENALTY,
        PRESENCE_PENALTY,
        REPEAT_WINDOW,
        STOP_STRINGS,
        GRAMMAR,
        JSON_SCHEMA,
        LOGIT_BIAS,
        LOG_PROBS;

        static final int ALL = (1 << values().length) - 1;

        final int bit = 1 << ordinal();
    }

    /** The struct, and behind it what it points to, each part 8-aligned. */
    private static final class Writer {
        private final int base;
        private ByteBuffer buffer;

        Writer(int base, int structSize) {
            this.base = base;
            this.buffer = ByteBuffer.allocate(structSize).order(ByteOrder.LITTLE_ENDIAN);
        }

        /** The address that {@code bytes} will have. */
        int append(byte[] bytes) {
            int at = (buffer.capacity() + 7) & -8;
            ByteBuffer larger = ByteBuffer.allocate(at + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
            larger.put(0, buffer.array()).put(at, bytes);
            buffer = larger;
            return base + at;
        }

        /** Appends {@code bytes} and writes their address at {@code offset}. */
        void point(int offset, byte[] bytes) {
            int address = append(bytes);
            buffer.putInt(offset, address);
        }

        byte[] bytes() {
            return buffer.array();
        }
    }
}
