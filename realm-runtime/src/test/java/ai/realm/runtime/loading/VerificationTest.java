package ai.realm.runtime.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.store.ModelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerificationTest {
    /** Of "abc", from FIPS 180-2. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir
    private Path dir;
    private Path file = Path.of("");

    @BeforeEach
    void write() throws IOException {
        file = Files.writeString(dir.resolve("m.gguf"), "abc");
    }

    private static Verification start(Path of, @Nullable String digest) {
        return Verification.start(new ModelSource("m", of, digest, 0));
    }

    @Test
    void join_rightDigestOrNone_returns() {
        assertThatCode(() -> start(file, ABC).join()).doesNotThrowAnyException();
        assertThatCode(() -> start(file, null).join()).doesNotThrowAnyException();
    }

    @Test
    void join_otherDigest_isInvalidAndNamesBoth() {
        String other = "00" + ABC.substring(2);
        assertThatThrownBy(() -> start(file, other).join()).isInstanceOfSatisfying(RealmException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.MODEL_INVALID);
            assertThat(e.getMessage()).contains(ABC).contains(other);
        });
    }

    @Test
    void join_noFile_isInvalid() {
        assertThatThrownBy(() -> start(dir.resolve("absent"), ABC).join()).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_INVALID));
    }
}
