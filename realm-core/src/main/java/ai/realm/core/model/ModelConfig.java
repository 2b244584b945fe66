package ai.realm.core.model;

/**
 * The hyper-parameters that every architecture has.
 *
 * @param architecture {@code general.architecture}
 * @param name {@code general.name}, or the architecture
 * @param contextLength positions the model was trained for
 * @param embeddingLength width of the residual stream
 */
public record ModelConfig(String architecture, String name, int vocabSize, int contextLength, int embeddingLength, int layerCount,
        int headCount) {}
