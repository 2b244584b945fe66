package ai.realm.server.http.openai;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.EmbeddingRun;
import ai.realm.server.http.inference.Exchange;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.ErrorShape;
import com.fasterxml.jackson.core.JsonGenerator;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A request for embeddings: admitted, metered, watched and accounted for like one for text, but run by an encoder's engine without
 * a guest.
 */
public final class EmbeddingHandler implements Handler {
    public static final String PATH = EmbeddingRequest.PATH;

    private final RequestFrame.Parts parts;
    private final RequestFrame frame;

    public EmbeddingHandler(RequestFrame.Parts parts) {
        this.parts = parts;
        this.frame = new RequestFrame(EmbeddingRequest.PATH, ErrorShape.OPENAI, parts, this::serve);
    }

    @Override
    public void handle(Context ctx) {
        frame.handle(ctx);
    }

    /** What takes requests that did not come over a connection. */
    public RequestFrame frame() {
        return frame;
    }

    private void serve(Admitted a) {
        EmbeddingRequest request = EmbeddingRequest.read(a.fields());
        a.endOfFields();
        EmbeddingRun.Vectors vectors = new EmbeddingRun(parts).of(request, a);
        write(a.exchange(), vectors.model(), vectors.all(), request.base64(), a.log().usage());
    }

    /** Written number by number: an answer of thousands of vectors never stands in memory as JSON. */
    private static void write(Exchange exchange, String model, float[][] vectors, boolean base64, Usage usage) {
        try (JsonGenerator out = Json.mapper().createGenerator(exchange.output(200, "application/json"))) {
            out.writeStartObject();
            out.writeStringField("object", "list");
            out.writeArrayFieldStart("data");
            for (int i = 0; i < vectors.length; i++) {
                out.writeStartObject();
                out.writeStringField("object", "embedding");
                out.writeNumberField("index", i);
                out.writeFieldName("embedding");
                vector(out, vectors[i], base64);
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeStringField("model", model);
            out.writeObjectFieldStart("usage");
            out.writeNumberField("prompt_tokens", usage.promptTokens());
            out.writeNumberField("total_tokens", usage.promptTokens());
            out.writeEndObject();
            out.writeEndObject();
        } catch (IOException e) {
            throw new RealmException(ErrorCode.CANCELLED, "the client has gone", e);
        }
    }

    private static void vector(JsonGenerator out, float[] vector, boolean base64) throws IOException {
        if (base64) {
            ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(vector);
            out.writeBinary(bytes.array());
            return;
        }
        out.writeStartArray();
        for (float v : vector) {
            out.writeNumber(v);
        }
        out.writeEndArray();
    }
}
