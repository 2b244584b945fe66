package ai.realm.core.chat;

import java.util.Map;

/**
 * A compiled chat template: the Jinja of a GGUF file, rendered as Hugging Face's transformers renders it, within bounds on steps,
 * output and recursion. Immutable, usable by any thread.
 */
public interface ChatTemplate {
    /**
     * Renders with these variables: {@code messages}, {@code tools}, {@code add_generation_prompt}, {@code bos_token} … Values are
     * null (Python's None), Boolean, Long, Double, String, List and Map with String keys in order; a variable not in the map is
     * undefined.
     *
     * @throws ai.realm.core.error.RealmException TEMPLATE_FAILED with the template's own message where it raised one
     */
    String render(Map<String, ?> variables);

    /** Whether it stands in for the one that the model's file does not have. */
    default boolean standsIn() {
        return false;
    }

    /** The template's text, by which a model's family is known; empty when there is none. */
    default String source() {
        return "";
    }
}
