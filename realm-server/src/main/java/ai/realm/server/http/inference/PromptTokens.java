package ai.realm.server.http.inference;

import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.store.ModelLease;
import org.jspecify.annotations.Nullable;

/** The prompts of a request, and the tokens that they become with its model. */
public record PromptTokens(ValidRequest request, ModelLease model) {
    /** Of all prompts; 0 when the model has no tokenizer and the prompts are texts. */
    public int count() {
        int tokens = 0;
        for (ValidRequest.Prompt p : request.prompts()) {
            tokens += ids(p).length;
        }
        return tokens;
    }

    /** The ids of the first prompt and of an answer to it. */
    public int[] with(String answer) {
        return ids(request.prompts().getFirst().text() + answer);
    }

    /** The text of the prompt that a choice answers. */
    public String text(int choice) {
        return request.promptOf(choice).text();
    }

    /** The ids of the prompt that a choice answers. */
    public int[] ids(int choice) {
        return ids(request.promptOf(choice));
    }

    /** Whether the first id of a choice's prompt is none of the prompt's own, but was put before it. */
    public boolean addsFirst(int choice) {
        ValidRequest.Prompt p = request.promptOf(choice);
        Tokenizer tokenizer = model.tokenizer();
        if (p.ids() != null || tokenizer == null) {
            return false;
        }
        Vocab vocab = tokenizer.vocab();
        int[] own = tokenizer.encode(p.text(), false, true);
        return vocab.addsBos() && (own.length == 0 || own[0] != vocab.bosId());
    }

    public @Nullable Tokenizer tokenizer() {
        return model.tokenizer();
    }

    private int[] ids(ValidRequest.Prompt prompt) {
        int[] ids = prompt.ids();
        return ids != null ? ids : ids(prompt.text());
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
