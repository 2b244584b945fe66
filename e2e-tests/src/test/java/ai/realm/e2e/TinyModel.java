package ai.realm.e2e;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Writes a Llama with random weights and one token for each byte. The smallest answers thousands of tokens a second, so that what
 * stands around the model is tested and measured, not its arithmetic. The likeliest answers are printable and never end.
 */
final class TinyModel {
    private static final int SPECIAL = 3;
    private static final int VOCABULARY = SPECIAL + 256;
    private static final int CONTEXT = 8192;
    private static final int ALIGNMENT = 32;
    private static final int U32 = 4;
    private static final int I32 = 5;
    private static final int F32 = 6;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    /** Layers and their sizes. */
    record Shape(int layers, int width, int heads, int hidden) {
        static final Shape SMALLEST = new Shape(2, 64, 4, 96);

        /** Some 40 million weights: a step of 256 tokens takes a tenth of a second. */
        static final Shape SMALL = new Shape(6, 768, 12, 2048);
    }

    private record Tensor(String name, int... dims) {
        int bytes() {
            return Float.BYTES * dims[0] * (dims.length > 1 ? dims[1] : 1);
        }
    }

    private final Shape shape;
    private final ByteBuffer out;

    private TinyModel(Shape shape) {
        this.shape = shape;
        int bytes = tensors().stream().mapToInt(t -> t.bytes() + 2 * ALIGNMENT).sum();
        out = ByteBuffer.allocate(bytes + (64 << 10)).order(ByteOrder.LITTLE_ENDIAN);
    }

    static Path write(Path file) throws IOException {
        return write(file, Shape.SMALLEST);
    }

    static Path write(Path file, Shape shape) throws IOException {
        TinyModel model = new TinyModel(shape);
        model.build();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(model.out.flip());
        }
        return file;
    }

    private void build() {
        List<Tensor> tensors = tensors();
        out.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(tensors.size()).putLong(14);
        key("general.architecture", STRING);
        string("llama");
        number("llama.block_count", shape.layers);
        number("llama.context_length", CONTEXT);
        number("llama.embedding_length", shape.width);
        number("llama.feed_forward_length", shape.hidden);
        number("llama.attention.head_count", shape.heads);
        number("llama.attention.head_count_kv", shape.heads / 2);
        key("llama.attention.layer_norm_rms_epsilon", F32);
        out.putFloat(1e-5f);
        vocabulary();
        long offset = 0;
        for (Tensor t : tensors) {
            string(t.name);
            out.putInt(t.dims.length);
            for (int d : t.dims) {
                out.putLong(d);
            }
            out.putInt(0).putLong(offset);
            offset += Math.ceilDiv(t.bytes(), ALIGNMENT) * ALIGNMENT;
        }
        Random random = new Random(1);
        for (Tensor t : tensors) {
            out.position(Math.ceilDiv(out.position(), ALIGNMENT) * ALIGNMENT);
            for (int i = 0; i < t.bytes() / Float.BYTES; i++) {
                boolean unlikely = t.name.equals("output.weight") && !printable(i / shape.width);
                out.putFloat(t.dims.length == 1 ? 1 : unlikely ? 0 : (float) (random.nextGaussian() / Math.sqrt(shape.width)));
            }
        }
    }

    private static boolean printable(int token) {
        return token >= SPECIAL + ' ' && token <= SPECIAL + '~';
    }

    private List<Tensor> tensors() {
        int width = shape.width;
        int hidden = shape.hidden;
        List<Tensor> all = new ArrayList<>(List.of(new Tensor("token_embd.weight", width, VOCABULARY),
                new Tensor("output_norm.weight", width), new Tensor("output.weight", width, VOCABULARY)));
        for (int l = 0; l < shape.layers; l++) {
            String layer = "blk." + l + ".";
            all.add(new Tensor(layer + "attn_norm.weight", width));
            all.add(new Tensor(layer + "attn_q.weight", width, width));
            all.add(new Tensor(layer + "attn_k.weight", width, width / 2));
            all.add(new Tensor(layer + "attn_v.weight", width, width / 2));
            all.add(new Tensor(layer + "attn_output.weight", width, width));
            all.add(new Tensor(layer + "ffn_norm.weight", width));
            all.add(new Tensor(layer + "ffn_gate.weight", width, hidden));
            all.add(new Tensor(layer + "ffn_up.weight", width, hidden));
            all.add(new Tensor(layer + "ffn_down.weight", hidden, width));
        }
        return all;
    }

    private void vocabulary() {
        key("tokenizer.ggml.model", STRING);
        string("llama");
        array("tokenizer.ggml.tokens", STRING);
        string("<unk>");
        string("<s>");
        string("</s>");
        for (int b = 0; b < 256; b++) {
            string("<0x%02X>".formatted(b));
        }
        array("tokenizer.ggml.scores", F32);
        for (int i = 0; i < VOCABULARY; i++) {
            out.putFloat(0);
        }
        array("tokenizer.ggml.token_type", I32);
        out.putInt(2).putInt(3).putInt(3);
        for (int b = 0; b < 256; b++) {
            out.putInt(6);
        }
        number("tokenizer.ggml.bos_token_id", 1);
        number("tokenizer.ggml.eos_token_id", 2);
    }

    private void key(String name, int type) {
        string(name);
        out.putInt(type);
    }

    private void number(String name, int value) {
        key(name, U32);
        out.putInt(value);
    }

    private void array(String name, int type) {
        key(name, ARRAY);
        out.putInt(type).putLong(VOCABULARY);
    }

    private void string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putLong(bytes.length).put(bytes);
    }
}
