package ai.realm.server.cli;

import ai.realm.server.accounts.SqliteBackup;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realm backup}: a copy of the SQLite database, whether a server runs on it or not. */
@Command(name = "backup", description = "Writes a copy of a server's SQLite database, as of one moment, while the server runs or not.")
@SuppressWarnings("NullAway.Init")
public final class BackupCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private DataOption data;

    @Parameters(paramLabel = "FILE", description = "A file that is not there yet; only its owner may read it")
    private Path file;

    @Override
    public Integer call() {
        SqliteBackup.Content c = SqliteBackup.backup(data.directory(), file);
        spec.commandLine().getOut().printf("%s holds schema version %d, %d tenants, accounts of %d requests%n", file, c.schema(),
                c.tenants(), c.requests());
        spec.commandLine().getOut().flush();
        return 0;
    }
}
