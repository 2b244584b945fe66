package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The template guest of every SDK does the same: it signs answers. */
class SdkTemplatesTest {
    private static final Path SDK = Path.of(System.getProperty("realm.sdk", "../sdk"));

    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    private GuestModule template(String language) throws IOException {
        Path folder = SDK.resolve(language).resolve("template");
        byte[] wasm = language.equals("wat")
                ? GuestFixture.wasm(Files.readString(folder.resolve("guest.wat")))
                : Files.readAllBytes(folder.resolve("guest.wasm"));
        return f.host.register(wasm, f.limits);
    }

    @ParameterizedTest
    @ValueSource(strings = {"c", "assemblyscript", "rust", "zig", "wat"})
    void signature_followsTheAnswer_streamedAndNot(String language) throws IOException {
        GuestModule guest = template(language);
        assertThat(f.run(guest).text()).isEqualTo("Paris");
        f.config.put("signature", "Ada é");
        assertThat(f.run(guest).text()).isEqualTo("Paris -- Ada é");
        f.stream = true;
        assertThat(f.run(guest).pieces()).containsExactly("Par", "is", " -- Ada é");
    }

    @ParameterizedTest
    @ValueSource(strings = {"c", "assemblyscript", "rust", "zig"})
    void longAnswer_isWhole(String language) throws IOException {
        f.config.put("signature", "x");
        GuestModule guest = template(language);
        for (int length : new int[]{4094, 4095, 4096, 5000, 16_383, 16_384, 65_535, 65_536, 200_000}) {
            f.sessions.says("y".repeat(length));
            assertThat(f.run(guest).text()).isEqualTo("y".repeat(length) + " -- x");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"c", "assemblyscript", "rust", "zig", "wat"})
    void failure_carriesItsCause(String language) throws IOException {
        f.sessions.refuses(ErrorCode.OVERLOADED, "the queue is full");
        assertThat(f.run(template(language)).code()).isEqualTo(ErrorCode.OVERLOADED);
    }
}
