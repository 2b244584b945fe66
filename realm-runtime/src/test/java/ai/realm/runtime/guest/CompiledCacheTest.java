package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.guest.Guests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
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
    void entryThatOthersCouldHaveWritten_isNotLoaded() throws IOException {
        CompiledCache cache = new CompiledCache(folder);
        Path entry = folder.resolve("m.guest");
        cache.putIfAbsent("m", new byte[]{7});
        Files.setPosixFilePermissions(entry, PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThat(cache.get("m")).isNull();
        assertThat(entry).doesNotExist();
        cache.putIfAbsent("m", new byte[]{7});
        Path elsewhere = folder.resolve("elsewhere");
        Files.move(entry, elsewhere);
        Files.createSymbolicLink(entry, elsewhere);
        assertThat(cache.get("m")).as("through a link").isNull();
        assertThat(elsewhere).exists();
    }

    @Test
    void keyThatOthersCouldHaveWritten_isReplaced_andNothingOldIsLoaded() throws IOException {
        new CompiledCache(folder).putIfAbsent("m", new byte[]{7});
        Path key = folder.resolve("key");
        byte[] old = Files.readAllBytes(key);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw--w----"));
        CompiledCache second = new CompiledCache(folder);
        assertThat(Files.readAllBytes(key)).isNotEqualTo(old);
        assertThat(second.get("m")).isNull();
        Files.write(key, new byte[3]);
        new CompiledCache(folder);
        assertThat(Files.readAllBytes(key)).hasSize(32);
    }

    @Test
    void folderThatOthersMayWrite_isNoCache() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> new CompiledCache(folder)).isInstanceOf(IOException.class).hasMessageContaining("rwxrwxrwx");
        assertThat(answerOfAFreshHost()).isEqualTo("Paris [suffix guest]");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void tooManyBytes_thoseUnusedForLongestGo() throws IOException {
        CompiledCache cache = new CompiledCache(folder, 250);
        for (String m : new String[]{"a", "b", "c"}) {
            cache.putIfAbsent(m, new byte[50]);
            Files.setLastModifiedTime(folder.resolve(m + ".guest"), FileTime.fromMillis(m.charAt(0)));
        }
        assertThat(cache.get("a")).hasSize(50);
        cache.putIfAbsent("d", new byte[50]);
        assertThat(cache.get("b")).isNull();
        assertThat(cache.get("a")).isNotNull();
        assertThat(cache.get("d")).isNotNull();
    }

    @Test
    void unusableFolder_isNoCacheAndNoFailure() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        try (GuestFixture f = new GuestFixture(GuestHostOptions.defaults().withCompiledCache(file))) {
            assertThat(f.run(Guests.load("default")).text()).isEqualTo("Paris");
        }
    }
}
