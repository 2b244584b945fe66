package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.net.SocketException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteErrorCode;

/**
 * What is made of a database's failure: one that passes, as a lost connection or a full disk, is STORAGE_UNAVAILABLE, any other is a
 * defect. What the database said stands in the log only; whoever asked learns no SQL, no name of a host and no count of connections.
 */
final class StorageFailure {
    private static final Logger LOG = LoggerFactory.getLogger(StorageFailure.class);
    /** The first two characters of SQL states: connection, resources, the administrator's hand, the system below. */
    private static final Set<String> PASSING = Set.of("08", "53", "57", "58");
    private static final String READ_ONLY = "25006";
    /** A statement that took too long or was cancelled is not the server that is gone. */
    private static final String QUERY_CANCELLED = "57014";
    private static final Set<SQLiteErrorCode> SQLITE = Set.of(SQLiteErrorCode.SQLITE_BUSY, SQLiteErrorCode.SQLITE_LOCKED,
            SQLiteErrorCode.SQLITE_READONLY, SQLiteErrorCode.SQLITE_IOERR, SQLiteErrorCode.SQLITE_FULL,
            SQLiteErrorCode.SQLITE_CANTOPEN, SQLiteErrorCode.SQLITE_PROTOCOL);

    private StorageFailure() {
    }

    static RealmException of(SQLException e) {
        if (passes(e)) {
            LOG.debug("the database cannot be used now sql_state={} cause={}", e.getSQLState(), e.getMessage());
            return new RealmException(ErrorCode.STORAGE_UNAVAILABLE, "the server's database cannot be used now; try again", e);
        }
        LOG.error("the database refused a statement sql_state={} cause={}", e.getSQLState(), e.getMessage());
        return new RealmException(ErrorCode.INTERNAL, "the server's database refused a statement; its log says why", e);
    }

    /** Whether the same may succeed later. */
    static boolean passes(Throwable e) {
        if (e instanceof SQLTransientConnectionException || e instanceof SQLNonTransientConnectionException) {
            return true;
        }
        if (e instanceof org.sqlite.SQLiteException s) {
            // The lowest byte is the primary code.
            return SQLITE.contains(SQLiteErrorCode.getErrorCode(s.getResultCode().code & 0xff));
        }
        if (!(e instanceof SQLException sql)) {
            return e instanceof SocketException;
        }
        String state = String.valueOf(sql.getSQLState());
        return state.equals(READ_ONLY)
                || state.length() == 5 && PASSING.contains(state.substring(0, 2)) && !state.equals(QUERY_CANCELLED);
    }
}
