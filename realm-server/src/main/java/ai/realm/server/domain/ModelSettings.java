package ai.realm.server.domain;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A model as it is written in {@code realm.yaml}: what is absent is null. {@link ModelReader} checks it. */
public record ModelSettings(@Nullable String file, @Nullable Integer context, @Nullable String sha256,
        @Nullable String system, @Nullable Boolean preload, @Nullable List<String> aliases,
        @Nullable List<@Nullable Integer> dimensions, @Nullable Map<String, @Nullable Object> metadata,
        @Nullable Map<String, @Nullable Adapter> adapters) {

    /** A LoRA adapter for the model. */
    public record Adapter(@Nullable String file, @Nullable String sha256, @Nullable Double scale) {}

    /** A model as the admin API registers it. */
    record New(@Nullable String name, @Nullable String file, @Nullable String catalog, @Nullable Integer context,
            @Nullable String sha256, @Nullable String system, @JsonProperty("adapter_of") @Nullable String adapterOf,
            @Nullable Double scale, @Nullable List<String> aliases, @Nullable List<@Nullable Integer> dimensions,
            @Nullable Map<String, @Nullable Object> metadata) {}
}
