package ai.realm.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The WebAssembly modules that Realm ships, by name: {@code default} passes everything through, {@code suffix} is an example. */
public final class Guests {
    private Guests() {
    }

    /**
     * The bytes of a shipped module.
     *
     * @throws IllegalArgumentException when there is none of that name
     */
    public static byte[] load(String name) {
        if (!name.matches("[a-z0-9-]+")) {
            throw new IllegalArgumentException("a guest's name is made of a-z, 0-9 and -, not " + name);
        }
        try (InputStream in = Guests.class.getResourceAsStream("/guests/" + name + ".wasm")) {
            if (in == null) {
                throw new IllegalArgumentException("no guest named " + name + " is shipped");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("guest " + name + " cannot be read", e);
        }
    }
}
