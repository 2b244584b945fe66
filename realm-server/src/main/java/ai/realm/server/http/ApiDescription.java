package ai.realm.server.http;

import ai.realm.server.http.inference.SamplerTable;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The OpenAPI 3.1 description of everything on the API's port: a table of the routes, schemas of their bodies from a resource, and the
 * samplers' numbers from {@link SamplerTable}. A test holds it to the router.
 */
final class ApiDescription {
    private static final String VERSION_PREFIX = "/v1";
    private static final String SCHEMAS = "openapi-schemas.json";
    private static final Pattern PARAMETER = Pattern.compile("\\{(\\w+)\\}");

    /** What an operation may answer beside 200: one that uses a model, one that needs a key, and so on. */
    private enum Access {
        MODEL(200, 400, 401, 403, 404, 413, 415, 429, 500, 502, 503, 504),
        STORED(200, 400, 401, 403, 404, 413, 415, 429, 500, 503),
        KEY(200, 400, 401, 403, 404, 500, 503),
        REFUSED(401, 403, 500),
        READY(200, 503),
        OPEN(200);

        private final List<Integer> statuses;

        Access(Integer... statuses) {
            this.statuses = List.of(statuses);
        }
    }

    /** Method, path, what it may answer, the schema of its body or -, what it does. */
    private static final String ROUTES = """
            POST   /v1/completions                       MODEL   Completion       Goes on from prompts
            POST   /v1/chat/completions                  MODEL   Chat             Answers a chat
            POST   /v1/embeddings                        MODEL   Embedding        Makes vectors of texts
            POST   /v1/rerank                            MODEL   Rerank           Orders documents by a query
            POST   /v1/reranking                         MODEL   Rerank           Orders documents by a query
            POST   /v2/rerank                            MODEL   Rerank           Orders documents by a query
            POST   /v1/score                             MODEL   Score            Compares texts
            POST   /v1/responses                         MODEL   Response         Answers items and keeps the answer
            POST   /v1/responses/input_tokens            MODEL   Response         Counts the tokens of a request
            GET    /v1/responses/{id}                    KEY     -                A stored answer
            DELETE /v1/responses/{id}                    KEY     -                Forgets a stored answer
            GET    /v1/responses/{id}/input_items        KEY     -                What a stored answer answers
            POST   /v1/responses/{id}/cancel             STORED  -                Ends an answer in the background
            POST   /v1/conversations                     STORED  Conversation     Begins a conversation
            GET    /v1/conversations/{id}                KEY     -                A conversation
            POST   /v1/conversations/{id}                STORED  Conversation     Describes a conversation
            DELETE /v1/conversations/{id}                KEY     -                Forgets a conversation
            GET    /v1/conversations/{id}/items          KEY     -                The items of a conversation
            POST   /v1/conversations/{id}/items          STORED  Items            Adds items to a conversation
            GET    /v1/conversations/{id}/items/{item}   KEY     -                An item of a conversation
            DELETE /v1/conversations/{id}/items/{item}   KEY     -                Forgets an item of a conversation
            POST   /v1/files                             STORED  File             Keeps a file of requests
            GET    /v1/files                             KEY     -                The tenant's files
            GET    /v1/files/{id}                        KEY     -                What is known of a file
            GET    /v1/files/{id}/content                KEY     -                A file's bytes
            DELETE /v1/files/{id}                        KEY     -                Forgets a file
            POST   /v1/batches                           STORED  Batch            Runs the requests of a file
            GET    /v1/batches                           KEY     -                The tenant's batches
            GET    /v1/batches/{id}                      KEY     -                How far a batch is
            POST   /v1/batches/{id}/cancel               STORED  -                Ends a batch
            GET    /v1/models                            KEY     -                The models granted to the tenant
            GET    /v1/models/{model}                    KEY     -                One of them
            GET    /v1/usage                             KEY     -                What the tenant has used
            GET    /v1/guest/logs                        KEY     -                What the tenant's guests have logged
            GET    /v1/tenant                            KEY     -                What the tenant may know of itself
            POST   /v1/messages                          MODEL   Messages         Answers as Anthropic's API does
            POST   /v1/messages/count_tokens             MODEL   Messages         Counts the tokens of a request
            POST   /completion                           MODEL   Native           Goes on from a prompt as llama.cpp's server does
            POST   /infill                               MODEL   Infill           Fills a gap between two texts
            POST   /tokenize                             MODEL   Tokenize         The tokens of a text or of a chat
            POST   /detokenize                           MODEL   Detokenize       The text of tokens
            POST   /v1/completions/render                MODEL   Completion       The tokens that a request would be run with
            POST   /v1/chat/completions/render           MODEL   Chat             The tokens that a chat would be run with
            POST   /apply-template                       MODEL   Chat             A chat as the model's prompt
            GET    /props                                KEY     -                What the tenant's default model is
            GET    /tokenizer_info                       KEY     -                What a model's tokenizer is
            GET    /slots                                REFUSED -                Not told: the server is shared
            POST   /api/chat                             MODEL   OllamaChat       Answers a chat as Ollama does
            POST   /api/generate                         MODEL   OllamaGenerate   Answers a prompt as Ollama does
            POST   /api/embed                            MODEL   OllamaEmbed      Makes vectors as Ollama does
            POST   /api/embeddings                       MODEL   OllamaEmbeddings Makes one vector as Ollama did
            GET    /api/version                          OPEN    -                The version of Ollama's API
            GET    /api/tags                             KEY     -                The models as Ollama lists them
            GET    /api/ps                               KEY     -                Those that are loaded
            POST   /api/show                             STORED  OllamaShow       What a model's file says
            POST   /api/pull                             REFUSED -                Refused: models are the operator's
            POST   /api/push                             REFUSED -                Refused
            POST   /api/create                           REFUSED -                Refused
            POST   /api/copy                             REFUSED -                Refused
            POST   /api/blobs/{digest}                   REFUSED -                Refused
            DELETE /api/delete                           REFUSED -                Refused
            GET    /health                               READY   -                Whether requests can be served
            GET    /health/ready                         READY   -                Whether requests can be served
            GET    /health/live                          OPEN    -                Whether the process runs
            GET    /load                                 OPEN    -                How many requests run
            GET    /ping                                 OPEN    -                Whether the process runs
            GET    /version                              OPEN    -                The server's version
            GET    /openapi.json                         OPEN    -                This description
            """;

    private ApiDescription() {
    }

    /** The whole description. */
    static ObjectNode document(String version) {
        ObjectNode doc = Json.mapper().createObjectNode().put("openapi", "3.1.0");
        doc.putObject("info").put("title", "Realm").put("version", version);
        ObjectNode paths = doc.putObject("paths");
        for (String line : ROUTES.strip().split("\n")) {
            String[] part = line.strip().split(" +", 5);
            Access access = Access.valueOf(part[2]);
            operation(paths, part[0], part[1], access, part[3], part[4]);
            if (part[1].startsWith(VERSION_PREFIX)) {
                operation(paths, part[0], part[1].substring(VERSION_PREFIX.length()), access, part[3], part[4]);
            }
        }
        ObjectNode components = doc.putObject("components");
        components.set("schemas", schemas());
        ObjectNode security = components.putObject("securitySchemes");
        security.putObject("bearer").put("type", "http").put("scheme", "bearer");
        security.putObject("key").put("type", "apiKey").put("in", "header").put("name", "x-api-key");
        return doc;
    }

    private static void operation(ObjectNode paths, String method, String path, Access access, String schema, String summary) {
        ObjectNode item = paths.has(path) ? (ObjectNode) paths.get(path) : paths.putObject(path);
        ObjectNode operation = item.putObject(method.toLowerCase(Locale.ROOT)).put("summary", summary);
        Matcher m = PARAMETER.matcher(path);
        if (m.find()) {
            ArrayNode parameters = operation.putArray("parameters");
            m.reset();
            while (m.find()) {
                parameters.addObject().put("name", m.group(1)).put("in", "path").put("required", true).putObject("schema")
                        .put("type", "string").put("minLength", 1);
            }
        }
        if (!schema.equals("-")) {
            operation.putObject("requestBody").put("required", true).putObject("content")
                    .putObject(schema.equals("File") ? "multipart/form-data" : "application/json")
                    .putObject("schema").put("$ref", "#/components/schemas/" + schema);
        }
        if (access != Access.OPEN && access != Access.READY) {
            ArrayNode security = operation.putArray("security");
            security.addObject().putArray("bearer");
            security.addObject().putArray("key");
        }
        ObjectNode responses = operation.putObject("responses");
        for (int status : access.statuses) {
            responses.putObject(String.valueOf(status)).put("description", status == 200 ? "The answer" : "An error");
        }
    }

    private static ObjectNode schemas() {
        ObjectNode schemas;
        try (InputStream in = Objects.requireNonNull(ApiDescription.class.getResourceAsStream(SCHEMAS))) {
            schemas = (ObjectNode) Json.mapper().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (String name : List.of("Completion", "Chat", "Native", "Infill")) {
            samplers((ObjectNode) schemas.at("/" + name + "/properties"));
        }
        samplers((ObjectNode) schemas.at("/OllamaOptions/properties"));
        return schemas;
    }

    private static void samplers(ObjectNode properties) {
        for (SamplerTable.Entry e : SamplerTable.ENTRIES) {
            for (String name : e.names()) {
                ObjectNode property = properties.putObject(name);
                property.putArray("type").add(e.integer() ? "integer" : "number").add("null");
                if (e.integer()) {
                    property.put("minimum", (long) e.min()).put("maximum", (long) e.max());
                } else {
                    property.put(e.aboveZero() ? "exclusiveMinimum" : "minimum", e.min()).put("maximum", e.max());
                }
            }
        }
    }

    /** The statuses that any operation may answer with. */
    static List<Integer> statuses() {
        return Arrays.stream(Access.values()).flatMap(a -> a.statuses.stream()).distinct().sorted().toList();
    }
}
