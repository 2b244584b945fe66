package ai.realm.core.chat.tools;

/** Kimi K2: a section of calls, each with its number in its name. */
final class KimiFormat {
    private KimiFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<|tool_calls_section_begin|>");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("kimi-k2", NamedCalls.open("<|tool_call_begin|>")
                .section("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>").name("functions.", true)
                .separator("<|tool_call_argument_begin|>").close("<|tool_call_end|>").build(), template);
    }
}
