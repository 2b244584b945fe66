package ai.realm.server.http.openai.responses;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Keeps what a response leaves behind when it is complete. */
@FunctionalInterface
interface Keeper {
    /** Keeps nothing. */
    Keeper NONE = (_, _) -> false;

    /**
     * Keeps a response, and what it adds to a conversation, as its request wants it.
     *
     * @return whether it can be read and gone on from
     */
    boolean keep(ResponsesReader.Read request, ObjectNode response);
}
