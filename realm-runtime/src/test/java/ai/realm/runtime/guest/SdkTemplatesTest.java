package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The template guest of every SDK does the same: it signs answers. */
class SdkTemplatesTest {
    private static final Path SDK = Path.of(System.getProperty("realm.sdk", "../sdk"));

    private final GuestFixture f = fixture();

    private static GuestFixture fixture() {
        GuestFixture fixture = new GuestFixture();
        GuestFixture.LimitsBuilder limits = new GuestFixture.LimitsBuilder();
        limits.tableElements = 10_000;
        limits.moduleBytes = 4 << 20;
        fixture.limits = limits.build();
        return fixture;
    }

    @AfterEach
    void close() {
        f.close();
    }

    /** Go's module is too large to be kept, so it is there only when the profile guest-toolchains has built it. */
    static Stream<String> languages() {
        return Stream.concat(Stream.of("wat"), compiledLanguages());
    }

    static Stream<String> compiledLanguages() {
        return Stream.concat(Stream.of("c", "assemblyscript", "rust", "zig", "javascript"),
                System.getProperty("realm.sdk") == null ? Stream.of() : Stream.of("go"));
    }

    private GuestModule template(String language) throws IOException {
        Path folder = SDK.resolve(language).resolve("template");
        byte[] wasm = switch (language) {
            case "wat" -> GuestFixture.wasm(Files.readString(folder.resolve("guest.wat")));
            case "javascript" -> GuestScripts.javascript(Files.readAllBytes(folder.resolve("guest.js")));
            default -> Files.readAllBytes(folder.resolve("guest.wasm"));
        };
        return f.host.register(wasm, f.limits);
    }

    @ParameterizedTest
    @MethodSource("languages")
    void signature_followsTheAnswer_streamedAndNot(String language) throws IOException {
        GuestModule guest = template(language);
        assertThat(f.run(guest).text()).isEqualTo("Paris");
        f.config.put("signature", "Ada é");
        assertThat(f.run(guest).text()).isEqualTo("Paris -- Ada é");
        f.stream = true;
        assertThat(f.run(guest).pieces()).containsExactly("Par", "is", " -- Ada é");
    }

    @ParameterizedTest
    @MethodSource("compiledLanguages")
    void longAnswer_isWhole(String language) throws IOException {
        f.config.put("signature", "x");
        GuestModule guest = template(language);
        for (int length : new int[]{4094, 4095, 4096, 5000, 16_383, 16_384, 65_535, 65_536, 200_000}) {
            f.sessions.says("y".repeat(length));
            assertThat(f.run(guest).text()).isEqualTo("y".repeat(length) + " -- x");
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void failure_carriesItsCause(String language) throws IOException {
        f.sessions.refuses(ErrorCode.OVERLOADED, "the queue is full");
        assertThat(f.run(template(language)).code()).isEqualTo(ErrorCode.OVERLOADED);
    }
}
