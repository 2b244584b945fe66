package ai.realm.core.chat.tools;

/** Mistral: a JSON list after the mark (Nemo and before), or a name and its arguments after marks (Small 3.2, Ministral, Magistral, Devstral). */
final class MistralFormat {
    private MistralFormat() {
    }

    static boolean fits(String template) {
        return template.contains("[TOOL_CALLS]");
    }

    static ChatFormat of(String template) {
        return template.contains("[ARGS]")
                ? MarkedFormat.of("mistral-v11", NamedCalls.open("[TOOL_CALLS]").id("[CALL_ID]").separator("[ARGS]").build(),
                        template)
                : MarkedFormat.of("mistral", JsonCalls.list("[TOOL_CALLS]", null, "name", "arguments", JsonCalls.Id.LAST),
                        template);
    }
}
