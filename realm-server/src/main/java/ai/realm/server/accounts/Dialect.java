package ai.realm.server.accounts;

/** What the databases call differently. */
enum Dialect {
    SQLITE("INTEGER PRIMARY KEY", "BLOB"),
    POSTGRESQL("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BYTEA");

    private final String generatedKey;
    private final String bytes;

    Dialect(String generatedKey, String bytes) {
        this.generatedKey = generatedKey;
        this.bytes = bytes;
    }

    /** A statement with this database's words for {@code $key} and {@code $bytes}. */
    String words(String sql) {
        return sql.replace("$key", generatedKey).replace("$bytes", bytes);
    }
}
