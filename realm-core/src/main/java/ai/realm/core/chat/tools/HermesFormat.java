package ai.realm.core.chat.tools;

/** Hermes, Qwen 2.5 and 3, Granite 4 and many others: JSON between tags. */
final class HermesFormat {
    private HermesFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<tool_call>");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("hermes", JsonCalls.tagged("<tool_call>", "</tool_call>"), template);
    }
}
