package ai.realm.core.chat.tools;

/** Granite 3: a JSON list after a mark; the answer may stand between marks. */
final class GraniteFormat {
    private GraniteFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<|tool_call|>") && template.contains("<|start_of_role|>");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("granite", JsonCalls.list("<|tool_call|>", null, "name", "arguments", JsonCalls.Id.NONE), template)
                .dropping("<response>", "</response>");
    }
}
