package ai.realm.server.http.openai;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.domain.Checks;
import ai.realm.server.http.inference.EmbeddingRun;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.GenerationRequest.PromptInput;
import ai.realm.server.http.inference.PromptInputs;
import ai.realm.server.http.json.JsonFields;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A request for embeddings as its JSON says.
 *
 * @param model null when the tenant's default is meant
 * @param base64 whether vectors are written as base64 of little-endian floats, rather than as numbers
 * @param dimensions null when not given
 */
record EmbeddingRequest(@Nullable String model, List<PromptInput> inputs, boolean base64, @Nullable Integer dimensions)
        implements
            EmbeddingRun.Wanted {
    static final String PATH = "/v1/embeddings";

    /** Inputs of one request at most, as OpenAI's API has it. */
    private static final int MAX_INPUTS = 2048;
    private static final int MAX_DIMENSIONS = 1 << 20;

    static EmbeddingRequest read(JsonFields fields) {
        String model = fields.string("model");
        List<PromptInput> inputs = PromptInputs.read(fields.require("input"), "input", MAX_INPUTS);
        for (int i = 0; i < inputs.size(); i++) {
            if (inputs.get(i) instanceof GenerationRequest.Text t && t.text().isEmpty()) {
                throw RealmException.badParam("input", "input " + i + " must not be an empty string");
            }
        }
        String format = fields.string("encoding_format");
        if (format != null && !format.equals("float") && !format.equals("base64")) {
            throw RealmException.badParam("encoding_format", "encoding_format must be float or base64");
        }
        Long dimensions = fields.integer("dimensions", 1, MAX_DIMENSIONS);
        fields.hint("user");
        return new EmbeddingRequest(model, inputs, "base64".equals(format), dimensions == null ? null : dimensions.intValue());
    }

    @Override
    public void check(ModelLease lease) {
        if (!lease.isEncoder()) {
            throw RealmException.badParam("model", "the model " + lease.name()
                    + " generates text and makes no embeddings; " + PATH
                    + " takes a model whose file says that it makes vectors");
        }
        if (lease.isReranker()) {
            throw RealmException.badParam("model",
                    "the model " + lease.name() + " judges how well texts fit and makes no embeddings; use /v1/rerank");
        }
    }

    private static Tokenizer tokenizer(ModelLease lease) {
        Tokenizer tokenizer = lease.tokenizer();
        if (tokenizer == null) {
            throw new RealmException(ErrorCode.NO_TOKENIZER, "model " + lease.name() + " has no tokenizer; give token ids");
        }
        return tokenizer;
    }

    /** A text is text: a spelling of a special token in it steers nothing. */
    @Override
    public Stream<Prompt> prompts(ModelLease lease) {
        return inputs.stream().map(input -> switch (input) {
            case GenerationRequest.Text t -> new TextPrompt(t.text(), false);
            case GenerationRequest.Tokens t -> new TokenPrompt(t.ids());
            case GenerationRequest.Mixed m -> new TokenPrompt(m.ids(tokenizer(lease), false));
        });
    }
}
