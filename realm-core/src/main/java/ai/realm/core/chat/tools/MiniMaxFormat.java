package ai.realm.core.chat.tools;

/** MiniMax: M1 writes rows of JSON, M2 arguments one by one. */
final class MiniMaxFormat {
    private static final XmlCalls M2 = new XmlCalls(new XmlCalls.Marks("<minimax:tool_call>", "<invoke name=\"", "\">",
            "<parameter name=\"", "\">", null, "</parameter>", "</invoke>", "</minimax:tool_call>", false, true));

    private MiniMaxFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<minimax:tool_call>") || template.contains("<tool_calls>");
    }

    static ChatFormat of(String template) {
        return template.contains("<minimax:tool_call>")
                ? MarkedFormat.of("minimax-m2", M2, template)
                : MarkedFormat.of("minimax-m1", JsonCalls.rows("<tool_calls>", "</tool_calls>"), template);
    }
}
