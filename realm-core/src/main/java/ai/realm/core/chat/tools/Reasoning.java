package ai.realm.core.chat.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The marks around what a model thinks, found in its template. */
record Reasoning(String open, String close) {
    private static final List<Reasoning> KNOWN = List.of(new Reasoning("<think>", "</think>"),
            new Reasoning("[THINK]", "[/THINK]"), new Reasoning("<|START_THINKING|>", "<|END_THINKING|>"),
            new Reasoning("<seed:think>", "</seed:think>"), new Reasoning("<|channel>thought", "<channel|>"));

    static @Nullable Reasoning of(String template) {
        for (Reasoning r : KNOWN) {
            if (template.contains(r.open) || template.contains(r.close)) {
                return r;
            }
        }
        return null;
    }
}
