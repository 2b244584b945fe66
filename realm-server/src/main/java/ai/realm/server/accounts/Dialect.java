package ai.realm.server.accounts;

/** What the databases call differently. */
enum Dialect {
    SQLITE("INTEGER PRIMARY KEY", "BLOB"),
    POSTGRESQL("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BYTEA");

    final String generatedKey;
    final String bytes;

    Dialect(String generatedKey, String bytes) {
        this.generatedKey = generatedKey;
        this.bytes = bytes;
    }
}
