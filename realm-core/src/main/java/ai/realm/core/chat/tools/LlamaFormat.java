package ai.realm.core.chat.tools;

/** Llama 3.1 to 3.3: a bare JSON object with parameters. */
final class LlamaFormat {
    private LlamaFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<|start_header_id|>") && template.contains("ipython") || template.contains("<|python_tag|>");
    }

    static ChatFormat of(String template) {
        return MarkedFormat.of("llama-3.x", JsonCalls.bare("parameters", "<|python_tag|>"), template);
    }
}
