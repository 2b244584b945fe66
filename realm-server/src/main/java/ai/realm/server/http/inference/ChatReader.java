package ai.realm.server.http.inference;

import ai.realm.server.http.inference.GenerationRequest.Chat;

/** Reads messages, and tools, as a chat request writes them. */
@FunctionalInterface
public interface ChatReader {
    /** @param json an array of messages, or an object with {@code messages} */
    Chat read(String json);
}
