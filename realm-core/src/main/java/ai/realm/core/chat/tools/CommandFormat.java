package ai.realm.core.chat.tools;

/** Cohere's Command R7B and A: a JSON list between actions' marks, answers between marks of their own. */
final class CommandFormat {
    private CommandFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<|START_ACTION|>");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("command-r7b",
                JsonCalls.list("<|START_ACTION|>", "<|END_ACTION|>", "tool_name", "parameters", JsonCalls.Id.FIRST), template)
                .dropping("<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>");
    }
}
