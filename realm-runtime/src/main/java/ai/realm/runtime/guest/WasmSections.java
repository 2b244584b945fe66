package ai.realm.runtime.guest;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The sections of a module that was checked already, as bytes. */
final class WasmSections {
    private static final int HEADER = 8;
    private static final int CUSTOM = 0;
    private static final int CODE = 10;
    /** No locals, {@code unreachable}, {@code end}: right for a function of any type. */
    private static final byte[] NO_BODY = {3, 0, 0, 0x0b};

    private WasmSections() {
    }

    /** The module without its custom sections, and with functions that do nothing. */
    static byte[] withoutCode(byte[] wasm) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(wasm.length / 2);
        out.write(wasm, 0, HEADER);
        ByteBuffer in = ByteBuffer.wrap(wasm).position(HEADER);
        while (in.hasRemaining()) {
            int id = in.get();
            int length = leb(in);
            int begin = in.position();
            if (id == CODE) {
                code(in, out);
            } else if (id != CUSTOM) {
                out.write(id);
                writeLeb(out, length);
                out.write(wasm, begin, length);
            }
            in.position(begin + length);
        }
        return out.toByteArray();
    }

    private static void code(ByteBuffer in, ByteArrayOutputStream out) {
        int functions = leb(in);
        ByteArrayOutputStream section = new ByteArrayOutputStream(5 + NO_BODY.length * functions);
        writeLeb(section, functions);
        for (int i = 0; i < functions; i++) {
            section.write(NO_BODY, 0, NO_BODY.length);
        }
        out.write(CODE);
        writeLeb(out, section.size());
        out.writeBytes(section.toByteArray());
    }

    /** What a custom section of that name holds, or null when there is none that can be read. */
    static byte @Nullable [] custom(byte[] wasm, String name) {
        byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
        try {
            ByteBuffer in = ByteBuffer.wrap(wasm).position(HEADER);
            while (in.hasRemaining()) {
                int id = in.get();
                int length = leb(in);
                int end = in.position() + length;
                if (id == CUSTOM && leb(in) == wanted.length && in.remaining() >= wanted.length) {
                    byte[] found = new byte[wanted.length];
                    in.get(found);
                    if (java.util.Arrays.equals(found, wanted)) {
                        byte[] content = new byte[end - in.position()];
                        in.get(content);
                        return content;
                    }
                }
                in.position(end);
            }
        } catch (RuntimeException e) {
            return null; // the section's own length may say anything
        }
        return null;
    }

    private static int leb(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            byte b = in.get();
            value |= (b & 0x7fL) << shift;
            if (b >= 0) {
                return Math.toIntExact(value);
            }
        }
        throw new IllegalArgumentException("a length has too many bytes");
    }

    static void writeLeb(ByteArrayOutputStream out, int value) {
        int rest = value;
        while (rest >>> 7 != 0) {
            out.write(rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
    }
}
