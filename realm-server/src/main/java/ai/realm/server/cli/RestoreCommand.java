package ai.realm.server.cli;

import ai.realm.server.accounts.SqliteBackup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realm restore}: a copy in the place of a server's SQLite database. */
@Command(name = "restore", description = "Puts a copy that backup wrote in the place of a stopped server's SQLite database, which is kept beside it.")
@SuppressWarnings("NullAway.Init")
public final class RestoreCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private DataOption data;

    @Parameters(paramLabel = "FILE", description = "What backup wrote")
    private Path file;

    @Override
    public Integer call() {
        Path directory = data.directory();
        String aside = "realm.db.before-" + Instant.now().getEpochSecond();
        SqliteBackup.Content c = SqliteBackup.restore(file, directory, aside);
        spec.commandLine().getOut().printf("%s holds schema version %d, %d tenants, accounts of %d requests%n", directory,
                c.schema(),
                c.tenants(), c.requests());
        if (Files.exists(directory.resolve(aside))) {
            spec.commandLine().getOut().printf("what was there is %s%n", directory.resolve(aside));
        }
        spec.commandLine().getOut().flush();
        return 0;
    }
}
