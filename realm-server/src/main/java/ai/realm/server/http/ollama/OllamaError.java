package ai.realm.server.http.ollama;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.transport.ErrorShape;

/** Ollama's errors: a message, as a body or as a line of a stream. */
record OllamaError(String error) {
    static final ErrorShape SHAPE = e -> new OllamaError(message(e));

    private static String message(RealmException e) {
        return String.valueOf(e.getMessage());
    }
}
