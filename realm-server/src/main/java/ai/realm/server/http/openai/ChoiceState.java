package ai.realm.server.http.openai;

import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.session.FinishReason;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.inference.PromptTokens;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One choice of an answer while it grows: its message, its tokens' log-probabilities, how it ended. Used under its answer's lock. */
final class ChoiceState {
    final ChatMessage message = new ChatMessage();
    FinishReason reason = FinishReason.STOP;
    boolean opened;
    boolean called;

    private final AnswerOptions options;
    private final @Nullable TokenJson json;
    private final PromptTokens prompt;
    private final int index;
    private final List<TokenLogProbs> tokens = new ArrayList<>();
    /** Those of them that were written already. */
    private int written;
    private @Nullable List<TokenLogProbs> ofPrompt;
    private boolean echoed;

    ChoiceState(Api api, AnswerOptions options, Client client, int index) {
        this.options = options;
        this.prompt = client.prompt();
        this.index = index;
        var tokenizer = prompt.tokenizer();
        boolean shows = options.wantsLogProbs() || options.promptLogProbs() != AnswerOptions.NONE;
        this.json = shows && tokenizer != null ? new TokenJson(api, options, tokenizer) : null;
    }

    void add(List<TokenLogProbs> more) {
        tokens.addAll(more);
    }

    void prompt(List<TokenLogProbs> all) {
        ofPrompt = all;
    }

    /** The mean log-probability of its tokens; the lowest there is when the model wrote none that are shown. */
    double likelihood() {
        return tokens.stream().mapToDouble(TokenLogProbs::logProb).average().orElse(Double.NEGATIVE_INFINITY);
    }

    /** The prompt's text, where it is shown before the answer. */
    String echo() {
        return options.echo() ? prompt.text(index) : "";
    }

    /** What is known of a prompt of one token: there is nothing that the model could make of it. */
    private @Nullable List<TokenLogProbs> ofPrompt() {
        if (ofPrompt == null && prompt.ids(index).length == 1) {
            ofPrompt = List.of();
        }
        return ofPrompt;
    }

    /**
     * The field {@code logprobs} for what came since the last time: the echo first, then the answer. Null where none are wanted, or a
     * guest has changed the text or the prompt, so that the model's tokens are not those of what is shown.
     *
     * @param complete whether all of the choice is shown at once
     */
    JsonNode logProbs(boolean complete) {
        if (json == null || !options.wantsLogProbs()) {
            return Json.mapper().nullNode();
        }
        List<TokenLogProbs> of = options.echo() ? ofPrompt() : null;
        boolean lacks = options.echo() && of == null || complete && tokens.isEmpty() && !message.isEmpty();
        ObjectNode out = json.empty();
        boolean echoes = options.echo() && !echoed;
        if (echoes && of != null) {
            json.addPrompt(out, prompt.ids(index)[0], prompt.addsFirst(index), of);
        }
        echoed = true;
        json.add(out, tokens.subList(written, tokens.size()));
        boolean nothing = !complete && !echoes && written == tokens.size();
        written = tokens.size();
        return lacks || nothing ? Json.mapper().nullNode() : out;
    }

    /** vLLM's {@code prompt_logprobs}; null where they are not wanted or not known. */
    JsonNode promptLogProbs() {
        List<TokenLogProbs> of = json == null || !wantsPromptLogProbs() ? null : ofPrompt();
        return json == null || of == null ? Json.mapper().nullNode() : json.ofPrompt(of);
    }

    boolean wantsPromptLogProbs() {
        return options.promptLogProbs() != AnswerOptions.NONE;
    }
}
