package ai.realm.core.chat.tools;

import java.util.List;

/** Gemma: calls between marks (FunctionGemma, Gemma 4) or Python in a block of code (Gemma 3). */
final class GemmaFormat {
    private GemmaFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<start_function_call>") || template.contains("<|tool_call>") || template.contains("tool_code");
    }

    static ChatFormat of(String template) {
        if (template.contains("<start_function_call>")) {
            return MarkedFormat.of("functiongemma", new GemmaCalls("<start_function_call>", "<end_function_call>", "<escape>"),
                    template);
        }
        return template.contains("<|tool_call>")
                ? MarkedFormat.of("gemma-4", new GemmaCalls("<|tool_call>", "<tool_call|>", "<|\"|>"), template)
                : MarkedFormat.of("gemma-3", new PythonCalls(List.of("```tool_code"), "```", false, false), template);
    }
}
