package ai.realm.core.chat.tools;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What calls an answer must or may have.
 *
 * @param tools that may be called, at least one
 * @param required whether the answer must be a call
 * @param parallel whether it may be several
 * @param contentSchema the JSON schema of an answer without a call, or null for free text
 * @param startsInReasoning whether the prompt opened the reasoning already
 * @param promptTail as in {@link ParserOptions}
 */
public record CallRules(List<Tool> tools, boolean required, boolean parallel, @Nullable String contentSchema,
        boolean startsInReasoning, String promptTail) {}
