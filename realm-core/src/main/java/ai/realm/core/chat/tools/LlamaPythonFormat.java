package ai.realm.core.chat.tools;

import java.util.List;

/** Llama 3.2 and 4 with templates that ask for calls in Python: a bare list. */
final class LlamaPythonFormat {
    private LlamaPythonFormat() {
    }

    static boolean fits(String template) {
        return template.contains("func_name1(");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("llama-pythonic",
                new PythonCalls(List.of("<|python_start|>", "<|python_tag|>"), "<|python_end|>", true, true), template);
    }
}
