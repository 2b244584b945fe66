package ai.realm.server.http.openai;

import ai.realm.core.chat.tools.AnswerEvent;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One choice's message while it grows. Used under its answer's lock. */
final class ChatMessage {
    private static final SecureRandom RANDOM = new SecureRandom();

    /** One call of a tool. */
    record Call(String id, String name, StringBuilder arguments) {}

    private static final String PREFIX = "call_";

    final StringBuilder content = new StringBuilder();
    final StringBuilder reasoning = new StringBuilder();
    final List<Call> calls = new ArrayList<>();

    void add(AnswerEvent event) {
        switch (event) {
            case AnswerEvent.Content c -> content.append(c.text());
            case AnswerEvent.Reasoning r -> reasoning.append(r.text());
            case AnswerEvent.CallBegin b -> calls.add(new Call(callId(b.id()), b.name(), new StringBuilder()));
            case AnswerEvent.CallArguments a -> calls.get(a.index()).arguments().append(a.text());
            case AnswerEvent.CallEnd _ -> {
                // the arguments say that they are complete
            }
        }
    }

    boolean isEmpty() {
        return content.isEmpty() && reasoning.isEmpty() && calls.isEmpty();
    }

    /** The id that a guest gave a call as the field writes ids, or a fresh one: what models write need not be unique. */
    static String callId(@Nullable String given) {
        if (given != null && given.startsWith(PREFIX)) {
            return given;
        }
        byte[] random = new byte[12];
        RANDOM.nextBytes(random);
        return PREFIX + HexFormat.of().formatHex(random);
    }
}
