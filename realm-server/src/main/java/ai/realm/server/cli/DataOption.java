package ai.realm.server.cli;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.config.ConfigLoader;
import ai.realm.server.config.RealmConfig;
import ai.realm.server.config.ServerSettings;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whose database a command means: a data directory, or that of a configuration. */
final class DataOption {
    @Option(names = "--data", paramLabel = "DIR", description = "The server's data directory (default: .realm, or the configuration's)")
    private @Nullable Path data;

    @Option(names = "--config", paramLabel = "FILE", description = "The server's configuration")
    private @Nullable Path config;

    /** @throws RealmException INVALID_REQUEST when the configuration's database is a PostgreSQL server's */
    Path directory() {
        if (data != null) {
            return data;
        }
        if (config == null) {
            return Path.of(System.getProperty("realm.home", "")).resolve(ServerSettings.defaults().data());
        }
        RealmConfig read = ConfigLoader.load(config, Map.of(), _ -> null);
        if (read.server().database() != null) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    "the database is on a PostgreSQL server; use pg_dump and pg_restore");
        }
        return read.server().data();
    }
}
