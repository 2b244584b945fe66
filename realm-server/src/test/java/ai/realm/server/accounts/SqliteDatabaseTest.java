package ai.realm.server.accounts;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteDatabaseTest extends DatabaseContract {
    @TempDir
    private Path dir;

    @Override
    Database create() {
        return reopen();
    }

    @Override
    Database reopen() {
        return Database.open(dir.resolve("data"));
    }

    @Test
    void open_inADirectoryThatIsMissing_makesIt() {
        assertThat(dir.resolve("data").resolve("realm.db")).exists();
    }
}
