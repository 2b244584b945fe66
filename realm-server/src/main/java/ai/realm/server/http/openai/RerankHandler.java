package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.EmbeddingRun;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.ErrorShape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How well texts fit each other, as vLLM and llama.cpp's server are asked: {@code /rerank} orders documents by how well they fit a
 * query, {@code /score} compares pairs.
 */
public final class RerankHandler implements Handler {
    /** Texts of one request at most, together. */
    private static final int MAX_TEXTS = 2048;

    private final RequestFrame.Parts parts;
    private final RequestFrame frame;

    private RerankHandler(String path, RequestFrame.Parts parts, boolean score) {
        this.parts = parts;
        this.frame = new RequestFrame(path, ErrorShape.OPENAI, parts, score ? this::score : this::rerank);
    }

    public static RerankHandler rerank(RequestFrame.Parts parts) {
        return new RerankHandler("/v1/rerank", parts, false);
    }

    public static RerankHandler score(RequestFrame.Parts parts) {
        return new RerankHandler("/v1/score", parts, true);
    }

    @Override
    public void handle(Context ctx) {
        frame.handle(ctx);
    }

    private void rerank(Admitted a) {
        JsonFields f = a.fields();
        String model = f.string("model");
        String query = JsonFields.text(f.require("query"), "query");
        JsonNode teiTexts = f.take("texts");
        JsonNode given = f.take("documents");
        boolean tei = given == null && teiTexts != null;
        List<String> documents = given == null && teiTexts != null
                ? texts(teiTexts, "texts")
                : texts(f.require("documents"), "documents");
        Long topN = f.integer("top_n", 1, Integer.MAX_VALUE);
        boolean shown = Boolean.TRUE.equals(f.bool(tei ? "return_text" : "return_documents"));
        boolean raw = raw(f);
        f.hint("user");
        a.endOfFields();
        PairScores.Scores scores = scores(a, model, List.of(query), documents, raw);
        List<Integer> order = IntStream.range(0, documents.size()).boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -scores.all()[i]))
                .limit(topN == null ? documents.size() : topN).toList();
        ArrayNode results = Json.mapper().createArrayNode();
        for (int i : order) {
            ObjectNode one = results.addObject().put("index", i).put(tei ? "score" : "relevance_score", scores.all()[i]);
            if (shown && tei) {
                one.put("text", documents.get(i));
            } else if (shown) {
                one.putObject("document").put("text", documents.get(i));
            }
        }
        if (tei) {
            a.exchange().json(200, results);
            return;
        }
        ObjectNode answer = head(scores.model(), a.log().usage());
        answer.set("results", results);
        a.exchange().json(200, answer);
    }

    private void score(Admitted a) {
        JsonFields f = a.fields();
        String model = f.string("model");
        List<String> first = texts(f.require("text_1"), "text_1");
        List<String> second = texts(f.require("text_2"), "text_2");
        if (first.size() != 1 && first.size() != second.size()) {
            throw RealmException.badParam("text_2", "text_2 must hold as many texts as text_1, which has " + first.size()
                    + ", or text_1 one; it has " + second.size());
        }
        boolean raw = raw(f);
        a.endOfFields();
        PairScores.Scores scores = scores(a, model, first, second, raw);
        ObjectNode answer = head(scores.model(), a.log().usage());
        ArrayNode data = answer.putArray("data");
        for (int i = 0; i < second.size(); i++) {
            data.addObject().put("index", i).put("object", "score").put("score", scores.all()[i]);
        }
        a.exchange().json(200, answer);
    }

    private PairScores.Scores scores(Admitted a, @Nullable String model, List<String> first, List<String> second, boolean raw) {
        if (first.size() + second.size() > MAX_TEXTS) {
            throw RealmException.badParam("documents",
                    "a request may have " + MAX_TEXTS + " texts, not " + (first.size() + second.size()));
        }
        return new PairScores(model, first, second, raw).of(new EmbeddingRun(parts), a);
    }

    /** Whether logits are wanted, by Text Embeddings Inference's name or by vLLM's. */
    private static boolean raw(JsonFields f) {
        boolean raw = Boolean.TRUE.equals(f.bool("raw_scores"));
        Boolean activation = f.bool("use_activation");
        return raw || Boolean.FALSE.equals(activation);
    }

    private static ObjectNode head(String model, Usage usage) {
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "list")
                .put("created", System.currentTimeMillis() / 1000).put("model", model);
        answer.putObject("usage").put("prompt_tokens", usage.promptTokens()).put("total_tokens", usage.promptTokens());
        return answer;
    }

    /** A text, or an array of texts or of objects that have one; none is empty. */
    private static List<String> texts(JsonNode value, String name) {
        List<String> texts = new ArrayList<>();
        if (value.isTextual()) {
            texts.add(JsonFields.text(value, name));
        } else if (!value.isArray() || value.isEmpty()) {
            throw RealmException.badParam(name, name + " must be a text or an array of at least one text");
        } else {
            for (JsonNode one : value) {
                String at = name + "[" + texts.size() + "]";
                texts.add(one.isObject()
                        ? JsonFields.text(JsonFields.of(one, at).require("text"), at + ".text")
                        : JsonFields.text(one, at));
            }
        }
        if (texts.contains("")) {
            throw RealmException.badParam(name, name + " must not hold an empty text");
        }
        return texts;
    }
}
