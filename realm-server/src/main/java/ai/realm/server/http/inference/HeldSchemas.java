package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.Tool;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.server.http.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Schemas of tools as grammars can hold them. One that cannot be held is refused where the client asked for it to be held; else the
 * arguments are any JSON object, as OpenAI's API has it for functions that are not strict.
 */
final class HeldSchemas {
    private HeldSchemas() {
    }

    static Tool of(Tool tool, ToolUse use, boolean required) {
        if (tool.parameters().isEmpty()) {
            return tool;
        }
        try {
            var _ = Grammar.jsonSchema(new String(Json.bytes(tool.parameters()), StandardCharsets.UTF_8));
            return tool;
        } catch (RealmException e) {
            if (required || use.strict().contains(tool.name())) {
                String at = "tools[" + use.tools().indexOf(tool) + "].function.parameters";
                throw new RealmException(e.code(), at + ": " + e.getMessage(), at, e);
            }
            return new Tool(tool.name(), tool.description(), Map.of("type", "object"));
        }
    }

    /** The grammar, which compiles. */
    static @Nullable String compiled(@Nullable String gbnf, Vocab vocab) {
        if (gbnf != null) {
            try {
                var _ = Grammar.gbnf(gbnf, vocab);
            } catch (RealmException e) {
                throw new RealmException(e.code(), "the tools make too large a grammar: " + e.getMessage(), "tools", e);
            }
        }
        return gbnf;
    }
}
