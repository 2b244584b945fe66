package ai.realm.core.chat.tools;

/** Templates without tools: they are told of in the system message, and calls are JSON between tags. */
final class GenericFormat {
    private GenericFormat() {
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("generic", JsonCalls.tagged("<tool_call>", "</tool_call>"), template);
    }
}
