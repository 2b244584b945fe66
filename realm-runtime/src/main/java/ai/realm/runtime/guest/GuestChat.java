package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;

/** What a guest may ask of chats, which the server knows: the port behind {@code realm_host_render} and its like. Thread-safe. */
public interface GuestChat {
    /** There are no chats here: a guest that is tried without a server. */
    GuestChat NONE = new GuestChat() {
        @Override
        public String render(int model, String json, boolean open) {
            throw new RealmException(ErrorCode.NOT_PERMITTED, "there are no chat templates here");
        }

        @Override
        public String describe(int model) {
            throw new RealmException(ErrorCode.NOT_PERMITTED, "there is no more to say of models here");
        }

        @Override
        public boolean takesToolCalls() {
            return false;
        }
    };

    /**
     * Messages, and tools, as a model's template renders them; no text in them can spell a special token.
     *
     * @param json an array of messages, or an object with {@code messages} and {@code tools}, as in a chat request
     * @param open whether an answer of the assistant is to follow
     * @throws RealmException MODEL_NOT_FOUND, INVALID_REQUEST, TEMPLATE_FAILED
     */
    String render(int model, String json, boolean open);

    /** What a model is, as JSON. */
    String describe(int model);

    /** Whether the answer can hold calls of tools. */
    boolean takesToolCalls();
}
