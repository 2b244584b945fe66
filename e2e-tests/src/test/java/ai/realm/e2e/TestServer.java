package ai.realm.e2e;

import ai.realm.guest.Guests;
import com.dylibso.chicory.wabt.Wat2Wasm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;

/** The one server that most tests share: the embedded model, two encoders, and tenants with guests of every temper. */
final class TestServer {
    static final String ACME = "rk-e2e-acme";
    static final String SUFFIX = "rk-e2e-suffix";
    static final String TRAP = "rk-e2e-trap";
    static final String LOOP = "rk-e2e-loop";
    static final String SILENT = "rk-e2e-silent";
    static final String OTHER = "rk-e2e-other";
    static final String SUSPENDED = "rk-e2e-suspended";
    static final String TIGHT = "rk-e2e-tight";
    static final String BRIEF = "rk-e2e-brief";
    static final String MODEL = "SmolLM2-135M-Instruct";
    static final int BODY_LIMIT = 200_000;
    static final int BRIEF_CONTEXT = 8;

    private static final String GUEST_TRAP = """
            (module (memory (export "memory") 1)
              (func (export "generate") (param i32 i32 i32 i32) (result i32) unreachable))""";
    private static final String GUEST_LOOP = """
            (module (memory (export "memory") 1)
              (func (export "generate") (param i32 i32 i32 i32) (result i32)
                (loop $l (br_if $l (i32.const 1))) (i32.const 0)))""";
    private static final String GUEST_SILENT = """
            (module (memory (export "memory") 1)
              (func (export "generate") (param i32 i32 i32 i32) (result i32) (i32.const 0)))""";

    private static RealmProcess shared;

    private TestServer() {
    }

    /** The running server, started by whoever asks first. */
    static synchronized RealmProcess get() {
        if (shared == null) {
            try {
                Path dir = Files.createTempDirectory("realm-e2e");
                shared = RealmProcess.serve(configuration(dir, 30));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(shared::close));
        }
        return shared;
    }

    /** Writes guests and a {@code realm.yaml} into {@code dir}. */
    static Path configuration(Path dir, int drainSeconds) throws IOException {
        Files.write(dir.resolve("suffix.wasm"), Guests.load("suffix"));
        Files.write(dir.resolve("trap.wasm"), Wat2Wasm.parse(GUEST_TRAP));
        Files.write(dir.resolve("loop.wasm"), Wat2Wasm.parse(GUEST_LOOP));
        Files.write(dir.resolve("silent.wasm"), Wat2Wasm.parse(GUEST_SILENT));
        StringBuilder yaml = new StringBuilder(String.format(Locale.ROOT, """
                server: {drain_seconds: %d, data: data}
                models:
                  %s: {file: %s}
                  bert: {file: %s}
                  nomic-bert: {file: %s}
                tenants:
                """, drainSeconds, MODEL, RealmProcess.home().resolve("models").resolve(MODEL + ".Q4_1.gguf"),
                encoders().resolve("tiny-bert.gguf"), encoders().resolve("tiny-nomic-bert.gguf")));
        tenant(yaml, "acme", ACME, "default", "limits: {body_bytes: " + BODY_LIMIT + "}");
        tenant(yaml, "suffix", SUFFIX, "suffix.wasm", "weight: 2");
        tenant(yaml, "trap", TRAP, "trap.wasm", "");
        tenant(yaml, "loop", LOOP, "loop.wasm", "guest_limits: {deadline_ms: 500, cpu_ms: 10000}");
        tenant(yaml, "silent", SILENT, "silent.wasm", "");
        tenant(yaml, "other", OTHER, "default", "models: []");
        tenant(yaml, "gone", SUSPENDED, "default", "suspended: true");
        tenant(yaml, "brief", BRIEF, "default", "limits: {context_length: " + BRIEF_CONTEXT + "}");
        tenant(yaml, "tight", TIGHT, "default", "limits: {requests_per_minute: 1}");
        Path file = dir.resolve("realm.yaml");
        Files.writeString(file, yaml);
        return file;
    }

    /** The folder of the tiny encoders and what llama.cpp makes of texts with them. */
    static Path encoders() {
        return RealmProcess.home().resolve("e2e-tests/src/test/resources/encoders");
    }

    private static void tenant(StringBuilder yaml, String id, String key, String guest, String more) {
        yaml.append("  - {id: ").append(id).append(", keys: ['").append(hash(key)).append("'], guest: ").append(guest)
                .append(more.isEmpty() ? "" : ", ").append(more).append("}\n");
    }

    static String hash(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return "sha256:" + String.format("%064x", new BigInteger(1, digest));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
