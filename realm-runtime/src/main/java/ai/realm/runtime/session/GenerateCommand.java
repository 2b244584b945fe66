package ai.realm.runtime.session;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.store.ModelLease;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One generation wanted: validated text or ids in, nothing of HTTP or WebAssembly left.
 *
 * @param model stays leased by the caller until the session is closed
 * @param choice which of the answers to its prompt this is, from 0: a seed counts on from the parameters' by it
 */
public record GenerateCommand(RequestContext context, ModelLease model, Prompt prompt, SamplingParams params, Priority priority,
        int choice) {

    /** The first answer to its prompt. */
    public GenerateCommand(RequestContext context, ModelLease model, Prompt prompt, SamplingParams params, Priority priority) {
        this(context, model, prompt, params, priority, 0);
    }

    /** The same for another of the answers. */
    public GenerateCommand ofChoice(int other) {
        return new GenerateCommand(context, model, prompt, params, priority, other);
    }

    /** The same for another prompt. */
    public GenerateCommand withPrompt(Prompt other) {
        return new GenerateCommand(context, model, other, params, priority, choice);
    }

    /** The prompt, as text or as ready token ids. */
    public sealed interface Prompt {
    }

    /** @param parseSpecial spellings of special tokens become those tokens */
    public record TextPrompt(String text, boolean parseSpecial) implements Prompt {
        /** The tokens that the text becomes. */
        public int[] ids(Tokenizer tokenizer) {
            int[] ids = tokenizer.encode(text, true, parseSpecial);
            Vocab vocab = tokenizer.vocab();
            // A rendered template often begins with BOS as text, which the tokenizer's own must not double.
            boolean doubled = parseSpecial && vocab.addsBos() && ids.length > 1 && ids[0] == vocab.bosId()
                    && ids[1] == vocab.bosId();
            return doubled ? Arrays.copyOfRange(ids, 1, ids.length) : ids;
        }
    }

    /** Ids within the vocabulary; checked by the session. */
    public record TokenPrompt(int[] ids) implements Prompt {
        /**
         * Refuses ids outside of a vocabulary; by their place, as the error is logged and ids of a prompt are not.
         *
         * @param param the request's parameter
         * @param name the prompt's
         */
        public static void check(int[] ids, int vocabulary, String param, String name) {
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] < 0 || ids[i] >= vocabulary) {
                    throw RealmException.badParam(param, "token " + i + " of " + name + " is no id of this model, which are 0 to "
                            + (vocabulary - 1));
                }
            }
        }
    }

    /** Order among the requests of one tenant. */
    public enum Priority {
        INTERACTIVE,
        BATCH;

        /** As requests and configurations spell it. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** The one with this label, or null. */
        public static @Nullable Priority of(String label) {
            for (Priority p : values()) {
                if (p.label().equals(label)) {
                    return p;
                }
            }
            return null;
        }
    }
}
