package ai.realm.core.chat.tools;

import java.util.List;

/** LFM2: a list of calls in Python between marks. */
final class LfmFormat {
    private LfmFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<|tool_call_start|>") || template.contains("<|tool_list_start|>");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("lfm2", new PythonCalls(List.of("<|tool_call_start|>"), "<|tool_call_end|>", true, false),
                template);
    }
}
