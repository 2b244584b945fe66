package ai.realm.server.http.inference;

import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.GenerationRequest.Message;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Leaves out the oldest turns of a chat, never its system message nor its last turn, until its prompt fits.
 *
 * @param room tokens that the prompt may have
 */
record ChatShortening(ModelLease model, int room) {
    private static final int EXPECTED_TOKENS = 256;
    private static final int MOST_CHARS_A_TOKEN = 64;

    /**
     * What a context leaves for a prompt beside its answer, which may have half of it at most.
     *
     * @param wanted tokens of the answer, or null when the client did not say
     */
    static int room(int contextLength, @Nullable Integer wanted) {
        return contextLength - Math.min(wanted == null ? EXPECTED_TOKENS : wanted, contextLength / 2);
    }

    /** The chat itself when it fits; the shortest when none does, which is refused like any other that is too long. */
    Chat fit(Chat chat) {
        if (fits(chat)) {
            return chat;
        }
        List<Integer> starts = starts(chat.messages());
        int low = 0;
        int high = starts.size() - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (fits(from(chat, starts.get(middle)))) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return from(chat, starts.get(high));
    }

    /** Where the rest of a chat may begin: at a turn that is no tool's answer, as its call must not be missing. */
    private static List<Integer> starts(List<Message> messages) {
        List<Integer> starts = new ArrayList<>();
        for (int i = 1; i < messages.size(); i++) {
            if (!messages.get(i).role().equals("tool")) {
                starts.add(i);
            }
        }
        if (starts.isEmpty()) {
            starts.add(0);
        }
        return starts;
    }

    private static Chat from(Chat chat, int start) {
        List<Message> all = chat.messages();
        List<Message> left = new ArrayList<>();
        if (start > 0 && all.getFirst().role().equals("system")) {
            left.add(all.getFirst());
        }
        left.addAll(all.subList(start, all.size()));
        return chat.withMessages(left);
    }

    /** Far more text than that many tokens ever are is not turned into tokens to be counted. */
    private boolean fits(Chat chat) {
        long chars = chat.messages().stream().mapToLong(m -> m.content().length()).sum();
        if (chars > (long) room * MOST_CHARS_A_TOKEN) {
            return false;
        }
        ChatPrompt prompt = ChatPrompt.of(model);
        return new TextPrompt(prompt.render(chat), true).ids(prompt.tokenizer()).length <= room;
    }
}
