package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.store.ModelLease;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** The prompts of a request, and the tokens that they become with its model: each is tokenized once. Thread-safe. */
public final class PromptTokens {
    /** Tokens shown of prompts with one answer at most, each with its alternatives: what they are in memory is far more. */
    private static final long MOST_LOG_PROBS = 1 << 20;

    private final ValidRequest request;
    private final ModelLease model;
    private final int[] @Nullable [] ids;

    public PromptTokens(ValidRequest request, ModelLease model) {
        this.request = request;
        this.model = model;
        this.ids = new int[request.prompts().size()][];
    }

    public ValidRequest request() {
        return request;
    }

    public ModelLease model() {
        return model;
    }

    /** Of all prompts; 0 when the model has no tokenizer and the prompts are texts. */
    public int count() {
        int tokens = 0;
        for (int i = 0; i < ids.length; i++) {
            tokens += ofPrompt(i).length;
        }
        return tokens;
    }

    /** Tokens to set aside for the request: those of its prompts, and those that its answers are expected to have. */
    long reservation() {
        return count() + (long) request.choices() * request.expectedTokens();
    }

    /**
     * Refuses log-probabilities of more prompt tokens than an answer can show.
     *
     * @param json the request as its client sent it
     */
    void checkLogProbs(JsonNode json) {
        int likeliest = request.params().promptLogProbs();
        if (likeliest < 0) {
            return;
        }
        long tokens = count();
        // The token itself and its place count like two more alternatives.
        long shown = request.n() * tokens * (likeliest + 2);
        if (shown > MOST_LOG_PROBS) {
            JsonNode own = json.path("prompt_logprobs");
            boolean vllm = own.isNumber() ? own.asInt() == likeliest : own.asBoolean() && likeliest == 0;
            String name = vllm ? "prompt_logprobs" : "logprobs";
            throw RealmException.badParam(name, "n × prompt tokens × (" + name + " + 2) must be at most " + MOST_LOG_PROBS
                    + " where prompts are shown with log-probabilities, not " + request.n() + " × " + tokens + " × "
                    + (likeliest + 2) + " = " + shown);
        }
    }

    /** The ids of the first prompt and of an answer to it. */
    public int[] with(String answer) {
        return ids(request.prompts().getFirst().text() + answer);
    }

    /** The text of the prompt that a choice answers. */
    public String text(int choice) {
        return request.promptOf(choice).text();
    }

    /** The ids of the prompt that a choice answers; not to be changed. */
    public int[] ids(int choice) {
        return ofPrompt(choice / request.n());
    }

    /** Whether the first id of a choice's prompt is none of the prompt's own, but was put before it. */
    public boolean addsFirst(int choice) {
        ValidRequest.Prompt p = request.promptOf(choice);
        Tokenizer tokenizer = model.tokenizer();
        if (p.ids() != null || tokenizer == null || !tokenizer.vocab().addsBos()) {
            return false;
        }
        Vocab vocab = tokenizer.vocab();
        int[] own = tokenizer.encode(p.text(), false, true);
        return own.length == 0 || own[0] != vocab.bosId();
    }

    public @Nullable Tokenizer tokenizer() {
        return model.tokenizer();
    }

    private synchronized int[] ofPrompt(int index) {
        int[] known = ids[index];
        if (known == null) {
            ValidRequest.Prompt prompt = request.prompts().get(index);
            int[] given = prompt.ids();
            known = given != null ? given : ids(prompt.text());
            ids[index] = known;
        }
        return known;
    }

    /** How many a text is when the model writes it. */
    public int of(String text) {
        Tokenizer tokenizer = model.tokenizer();
        return tokenizer == null ? 0 : tokenizer.encode(text, false, true).length;
    }

    private int[] ids(String text) {
        Tokenizer tokenizer = model.tokenizer();
        return tokenizer == null ? new int[0] : new TextPrompt(text, true).ids(tokenizer);
    }
}
