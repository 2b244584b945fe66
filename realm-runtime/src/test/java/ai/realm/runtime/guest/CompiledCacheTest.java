package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.guest.Guests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompiledCacheTest {
    @TempDir
    Path folder;

    private String answerOfAFreshHost() {
        try (GuestFixture f = new GuestFixture(GuestHostOptions.defaults().withCompiledCache(folder))) {
            return f.run(Guests.load("suffix")).text();
        }
    }

    private Path onlyModule() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(p -> p.toString().endsWith(".guest")).findFirst().orElseThrow();
        }
    }

    @Test
    void secondHost_loadsWhatTheFirstCompiled() throws IOException {
        String first = answerOfAFreshHost();
        byte[] kept = Files.readAllBytes(onlyModule());
        assertThat(answerOfAFreshHost()).isEqualTo(first).isEqualTo("Paris [suffix guest]");
        assertThat(Files.readAllBytes(onlyModule())).isEqualTo(kept);
    }

    @Test
    void changedFile_isNotLoadedButCompiledAnew() throws IOException {
        answerOfAFreshHost();
        Path module = onlyModule();
        byte[] good = Files.readAllBytes(module);
        for (int at : new int[]{0, 31, 32, good.length / 2, good.length - 1}) {
            byte[] bad = good.clone();
            bad[at] ^= 1;
            Files.write(module, bad);
            assertThat(answerOfAFreshHost()).isEqualTo("Paris [suffix guest]");
            assertThat(Files.readAllBytes(module)).isNotEqualTo(bad);
        }
        Files.write(module, new byte[10]);
        assertThat(answerOfAFreshHost()).isEqualTo("Paris [suffix guest]");
    }

    @Test
    void entryOfAnotherModule_isNotLoaded() throws IOException {
        CompiledCache cache = new CompiledCache(folder);
        cache.putIfAbsent("sha-256:aa", new byte[]{1, 2, 3});
        Files.move(folder.resolve("sha-256-aa.guest"), folder.resolve("sha-256-bb.guest"));
        assertThat(cache.get("sha-256:bb")).isNull();
        assertThat(cache.get("sha-256:aa")).isNull();
    }

    @Test
    void key_isTheServersAlone_andOutlivesIt() throws IOException {
        CompiledCache first = new CompiledCache(folder);
        first.putIfAbsent("m", new byte[]{7});
        assertThat(new CompiledCache(folder).get("m")).containsExactly(7);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("key")))).isEqualTo("rw-------");
    }

    @Test
    void unusableFolder_isNoCacheAndNoFailure() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        try (GuestFixture f = new GuestFixture(GuestHostOptions.defaults().withCompiledCache(file))) {
            assertThat(f.run(Guests.load("default")).text()).isEqualTo("Paris");
        }
    }
}
