package ai.realm.core.chat.tools;

/** DeepSeek: a section of calls; R1 and V3 write a kind and a fence around the JSON, V3.1 does not. */
final class DeepSeekFormat {
    private DeepSeekFormat() {
    }

    static boolean fits(String template) {
        return template.contains("<｜tool▁calls▁begin｜>") || template.contains("<｜tool▁call▁begin｜>");
    }

    static ChatFormat of(String template) {
        NamedCalls.Builder calls = NamedCalls.open("<｜tool▁call▁begin｜>")
                .section("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>").close("<｜tool▁call▁end｜>");
        return template.contains("```json")
                ? MarkedFormat.of("deepseek-r1", calls.kind("function<｜tool▁sep｜>").fence("```json", "```").build(), template)
                : MarkedFormat.of("deepseek-v3.1", calls.separator("<｜tool▁sep｜>").build(), template);
    }
}
