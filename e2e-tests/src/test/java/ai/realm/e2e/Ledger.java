package ai.realm.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The accounts in a server's SQLite file, read by request. */
final class Ledger implements AutoCloseable {
    private final Connection connection;

    /** What one request used, as its client or the accounts have it. */
    record Used(int prompt, int cached, int generated) {
        static Used of(JsonNode usage) {
            return new Used(usage.path("prompt_tokens").asInt(-1), usage.at("/prompt_tokens_details/cached_tokens").asInt(-1),
                    usage.path("completion_tokens").asInt(-1));
        }
    }

    Ledger(Path data) throws SQLException {
        connection = DriverManager.getConnection("jdbc:sqlite:" + data.resolve("realm.db"));
    }

    /** The one account of a request, or null when there is none. */
    @Nullable
    Used of(String requestId) throws SQLException {
        try (PreparedStatement s = connection.prepareStatement(
                "SELECT prompt_tokens, cached_tokens, generated_tokens FROM requests WHERE request_id = ?")) {
            s.setString(1, requestId);
            try (ResultSet row = s.executeQuery()) {
                Used used = row.next() ? new Used(row.getInt(1), row.getInt(2), row.getInt(3)) : null;
                if (row.next()) {
                    throw new AssertionError("request " + requestId + " has two accounts");
                }
                return used;
            }
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
