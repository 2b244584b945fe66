package ai.realm.core.chat.tools;

/** SmolLM3: JSON between tags, reasoning unless switched off; also for copies of its template that left the tools out. */
final class SmolLmFormat {
    private SmolLmFormat() {
    }

    static boolean fits(String template) {
        return template.contains("xml_tools") && template.contains("python_tools")
                || template.contains("named SmolLM") && template.contains("reasoning_mode");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("smollm3", JsonCalls.tagged("<tool_call>", "</tool_call>"), template);
    }
}
