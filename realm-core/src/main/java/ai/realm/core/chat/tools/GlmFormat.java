package ai.realm.core.chat.tools;

/** GLM 4.5 and 4.6: name, then keys and values between marks. */
final class GlmFormat {
    private static final XmlCalls CALLS = new XmlCalls(new XmlCalls.Marks("<tool_call>", null, null, "<arg_key>", "</arg_key>",
            "<arg_value>", "</arg_value>", null, "</tool_call>", false, false));

    private GlmFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<arg_key>");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("glm-4.5", CALLS, template);
    }
}
