package ai.realm.server.model;

import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufArray;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.tensor.TensorView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a model's file says of the model, without loading it.
 *
 * @param bytes of the file, 0 when it cannot be read
 * @param architecture empty when it cannot be read; the same for what follows
 * @param parameters weights
 * @param quantization the type that most of the weights' bytes have
 * @param vocabulary tokens
 * @param metadata the file's keys but for arrays
 */
public record FileFacts(long bytes, Instant modified, String architecture, long parameters, String quantization,
        long vocabulary, Map<String, Object> metadata) {
    private static final FileFacts NONE = new FileFacts(0, Instant.EPOCH, "", 0, "", 0, Map.of());

    static FileFacts of(Path path) {
        try (GgufFile file = GgufReader.open(path)) {
            Map<String, Object> metadata = new TreeMap<>(file.metadata());
            long vocabulary = metadata.get("tokenizer.ggml.tokens") instanceof GgufArray a ? a.size() : 0;
            metadata.values().removeIf(GgufArray.class::isInstance);
            Map<String, Long> types = new HashMap<>();
            long parameters = 0;
            for (TensorView t : file.tensors().values()) {
                parameters += t.shape().elements();
                types.merge(t.type().name(), t.data().byteSize(), Long::sum);
            }
            String quantization = types.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey).orElse("");
            return new FileFacts(file.size(), Files.getLastModifiedTime(path).toInstant(), file.architecture(), parameters,
                    quantization, vocabulary, metadata);
        } catch (IOException | RealmException e) {
            return NONE;
        }
    }

    /** The number of weights as people say it: 135M, 7.2B. */
    public String parameterSize() {
        return parameters >= 1_000_000_000
                ? String.format("%.1fB", parameters / 1e9)
                : parameters >= 1_000_000 ? Math.round(parameters / 1e6) + "M" : Math.round(parameters / 1e3) + "K";
    }
}
