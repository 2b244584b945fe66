package ai.realm.core.chat.tools;

/** Phi-4-mini: a JSON list between marks. */
final class PhiFormat {
    private PhiFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<|tool_call|>") || template.contains("<|tool|>");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("phi-4-mini",
                JsonCalls.list("<|tool_call|>", "<|/tool_call|>", "name", "arguments", JsonCalls.Id.NONE), template);
    }
}
