package ai.realm.server.http.inference;

import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.store.ModelLease;
import java.util.List;

/** The tokens that a request's prompts become with its model. */
public record PromptTokens(ValidRequest request, ModelLease model) {
    /** Of all prompts; 0 when the model has no tokenizer and the prompts are texts. */
    public int count() {
        int tokens = 0;
        for (ValidRequest.Prompt p : request.prompts()) {
            tokens += p.ids() != null ? p.ids().length : ids(p.text()).length;
        }
        return tokens;
    }

    /** The ids of the first prompt and of an answer to it. */
    public int[] with(String answer) {
        List<ValidRequest.Prompt> prompts = request.prompts();
        return ids(prompts.getFirst().text() + answer);
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
