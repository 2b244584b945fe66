package ai.realm.server.accounts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.server.domain.Tenant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteBackupTest {
    @TempDir
    private Path dir;

    private static void tenants(Database database, String... ids) {
        for (String id : ids) {
            database.update("INSERT INTO tenants (id, position, json) VALUES (?, 1, ?)", id, "{\"id\":\"" + id + "\"}");
        }
    }

    private List<String> tenantsIn(Path data) {
        try (Database opened = Database.open(data)) {
            return new TenantStore(opened).all().stream().map(Tenant::id).toList();
        }
    }

    @Test
    void copy_whileAServerWrites_isWholeAndComesBackInItsPlace() throws IOException {
        Path data = dir.resolve("data");
        Path copy = dir.resolve("copy.db");
        try (Database server = Database.open(data)) {
            tenants(server, "a", "b");
            assertThat(SqliteBackup.backup(data, copy).tenants()).isEqualTo(2);
            tenants(server, "later");
            assertThatThrownBy(() -> SqliteBackup.restore(copy, data, "aside")).hasMessageContaining("a server uses")
                    .hasMessageContaining("stop it first");
            assertThat(data.resolve("aside")).doesNotExist();
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy))).isEqualTo("rw-------");
        assertThat(SqliteBackup.restore(copy, data, "aside").schema()).isPositive();
        assertThat(tenantsIn(data)).containsExactlyInAnyOrder("a", "b");
        assertThat(SqliteBackup.check(data.resolve("aside")).tenants()).isEqualTo(3);
        SqliteBackup.restore(copy, dir.resolve("fresh"), "aside");
        assertThat(tenantsIn(dir.resolve("fresh"))).hasSize(2);
    }

    @Test
    void what_isNoWholeDatabase_changesNothing() throws IOException {
        Path data = dir.resolve("data");
        try (Database server = Database.open(data)) {
            tenants(server, "a");
        }
        Path copy = dir.resolve("copy.db");
        SqliteBackup.backup(data, copy);
        assertThatThrownBy(() -> SqliteBackup.backup(data, copy)).hasMessageContaining("is there already");
        assertThatThrownBy(() -> SqliteBackup.backup(dir, dir.resolve("x"))).hasMessageContaining("there is no realm.db");
        byte[] whole = Files.readAllBytes(copy);
        Path cut = Files.write(dir.resolve("cut.db"), Arrays.copyOf(whole, whole.length / 2));
        Path text = Files.writeString(dir.resolve("text.db"), "nothing");
        Path empty = Files.createFile(dir.resolve("empty.db"));
        for (Path bad : List.of(cut, text, empty, dir.resolve("missing.db"), dir)) {
            assertThatThrownBy(() -> SqliteBackup.restore(bad, data, "aside")).hasMessageContaining(bad.toString());
        }
        assertThat(tenantsIn(data)).containsExactly("a");
    }

    @Test
    void copy_thatCannotBeWritten_leavesTheDatabaseInItsPlace() throws IOException {
        Path data = dir.resolve("data");
        try (Database server = Database.open(data)) {
            tenants(server, "a");
        }
        Path copy = dir.resolve("copy.db");
        SqliteBackup.backup(data, copy);
        Path inTheWay = Files.createDirectories(data.resolve("realm.db.part").resolve("x"));
        assertThatThrownBy(() -> SqliteBackup.restore(copy, data, "aside")).hasMessageContaining("cannot be put into");
        assertThat(data.resolve("aside")).doesNotExist();
        Files.delete(inTheWay);
        Files.delete(inTheWay.getParent());
        Files.writeString(data.resolve("aside"), "of somebody else");
        assertThatThrownBy(() -> SqliteBackup.restore(copy, data, "aside")).hasMessageContaining("aside");
        assertThat(data.resolve("realm.db.part")).doesNotExist();
        assertThat(tenantsIn(data)).containsExactly("a");
    }

    @Test
    void copy_thatEverybodyMayRead_comesBackForItsOwnerAlone() throws IOException {
        Path data = dir.resolve("data");
        try (Database server = Database.open(data)) {
            tenants(server, "a");
        }
        Path copy = dir.resolve("copy.db");
        SqliteBackup.backup(data, copy);
        Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-r--r--"));
        SqliteBackup.restore(copy, data, "aside");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve("realm.db")))).isEqualTo("rw-------");
    }

    @Test
    void copy_ofFilesThatAServerLeft_hasWhatWasCommittedLast() throws IOException {
        Path data = dir.resolve("data");
        Path crashed = Files.createDirectories(dir.resolve("crashed"));
        Path restored = Files.createDirectories(dir.resolve("restored"));
        try (Database server = Database.open(data)) {
            tenants(server, "a", "b");
            for (String name : List.of("realm.db", "realm.db-wal")) {
                Files.copy(data.resolve(name), crashed.resolve(name));
            }
            // What another database has left is not taken for this one's.
            tenants(server, "c");
            Files.copy(data.resolve("realm.db-wal"), restored.resolve("realm.db-wal"));
        }
        SqliteBackup.restore(crashed.resolve("realm.db"), restored, "aside");
        assertThat(restored).isDirectoryContaining(f -> f.endsWith("aside-wal"))
                .isDirectoryNotContaining(f -> f.toString().endsWith("-shm"));
        assertThat(tenantsIn(restored)).containsExactlyInAnyOrder("a", "b");
    }
}
