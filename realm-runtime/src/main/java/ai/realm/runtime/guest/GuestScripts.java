package ai.realm.runtime.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Guests that are a script for the engine that all of them share. A script travels as a module that has nothing but one custom
 * section with its source, so that whatever carries modules carries scripts.
 */
public final class GuestScripts {
    /** How the names of files with scripts end. */
    public static final String SUFFIX = ".js";

    private static final String SECTION = "realm.javascript";
    private static final byte[] HEADER = {0, 'a', 's', 'm', 1, 0, 0, 0};
    private static final String ENGINE = "javascript-engine.wasm";

    private GuestScripts() {
    }

    /** A script's source, UTF-8, as a module. */
    public static byte[] javascript(byte[] source) {
        byte[] name = Text.utf8(SECTION);
        ByteArrayOutputStream content = new ByteArrayOutputStream(source.length + name.length + 1);
        WasmSections.writeLeb(content, name.length);
        content.writeBytes(name);
        content.writeBytes(source);
        ByteArrayOutputStream out = new ByteArrayOutputStream(content.size() + HEADER.length + 6);
        out.writeBytes(HEADER);
        out.write(0);
        WasmSections.writeLeb(out, content.size());
        out.writeBytes(content.toByteArray());
        return out.toByteArray();
    }

    /** The source that a module carries; null when it is an ordinary module. */
    static byte @Nullable [] source(byte[] module) {
        if (module.length < HEADER.length || !Arrays.equals(module, 0, HEADER.length, HEADER, 0, HEADER.length)) {
            return null;
        }
        byte[] source = WasmSections.custom(module, SECTION);
        return source != null && Arrays.equals(module, javascript(source)) ? source : null;
    }

    /** The engine's module. */
    static byte[] engine() {
        try (InputStream in = GuestScripts.class.getResourceAsStream(ENGINE)) {
            if (in == null) {
                throw new IllegalStateException("the build has left out " + ENGINE);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
