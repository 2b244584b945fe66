package ai.realm.server.domain;

import org.jspecify.annotations.Nullable;

/** A model as it is written in {@code realm.yaml}: what is absent is null. {@link ModelReader} checks it. */
public record ModelSettings(@Nullable String file, @Nullable Integer context, @Nullable String sha256,
        @Nullable String system, @Nullable Boolean preload) {

    /** A model as the admin API registers it. */
    record New(@Nullable String name, @Nullable String file, @Nullable String catalog, @Nullable Integer context,
            @Nullable String sha256, @Nullable String system) {}
}
