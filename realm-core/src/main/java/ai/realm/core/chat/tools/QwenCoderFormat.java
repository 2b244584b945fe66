package ai.realm.core.chat.tools;

/** Qwen3-Coder: a function's element with an element for each parameter. */
final class QwenCoderFormat {
    private static final XmlCalls CALLS = new XmlCalls(
            new XmlCalls.Marks("<tool_call>", "<function=", ">", "<parameter=", ">", null,
                    "</parameter>", "</function>", "</tool_call>", true, false));

    private QwenCoderFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<function=") && template.contains("<parameter=");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("qwen3-coder", CALLS, template);
    }
}
