package ai.realm.server.accounts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteDatabaseTest extends DatabaseContract {
    private static final List<String> FILES = List.of("realm.db", "realm.db-wal", "realm.db-shm");

    @TempDir
    private Path dir;

    SqliteDatabaseTest() {
        super(Dialect.SQLITE);
    }

    @Override
    Database create() {
        return reopen();
    }

    @Override
    Database reopen() {
        return Database.open(dir.resolve("data"));
    }

    @Override
    Connection raw() throws Exception {
        dir = Files.createDirectory(dir.resolve("raw"));
        Files.createDirectory(dir.resolve("data"));
        return DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("data").resolve("realm.db"));
    }

    @Test
    void open_inADirectoryThatIsMissing_makesIt() {
        assertThat(dir.resolve("data").resolve("realm.db")).exists();
    }

    @Test
    void open_makesFilesThatOnlyTheOwnerMayRead() throws IOException {
        Path data = dir.resolve("fresh");
        try (Database opened = Database.open(data)) {
            opened.update("DELETE FROM tenants");

            assertThat(permissions(data)).isEqualTo("rwx------");
            assertThat(permissionsOfFiles(data)).containsOnly("rw-------");
        }
    }

    @Test
    void open_whereOthersCouldReadTheFiles_takesThemFromOthers() throws IOException {
        Path data = Files.createDirectory(dir.resolve("old"));
        for (String name : FILES) {
            Path file = Files.createFile(data.resolve(name));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        }

        try (Database opened = Database.open(data)) {
            opened.update("DELETE FROM tenants");

            assertThat(permissionsOfFiles(data)).containsOnly("rw-------");
        }
    }

    private static List<String> permissionsOfFiles(Path data) throws IOException {
        List<String> found = new ArrayList<>();
        for (String name : FILES) {
            found.add(permissions(data.resolve(name)));
        }
        return found;
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
