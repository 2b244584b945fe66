package ai.realm.server.tenant;

import org.jspecify.annotations.Nullable;

/**
 * Who says to be asking.
 *
 * @param authorization the header {@code Authorization}, or null
 * @param apiKey the header {@code x-api-key}, as Anthropic's clients send it, or null
 * @param local whether it is a program on this machine that is no page of another site, and came through no proxy
 * @param gatewayTenant the tenant that a trusted gateway names, or null
 */
public record Caller(@Nullable String authorization, @Nullable String apiKey, boolean local, @Nullable String gatewayTenant) {
    private static final String BEARER = "Bearer ";

    /** Whether it brought no key at all. */
    boolean isAnonymous() {
        return isBlank(authorization) && isBlank(apiKey);
    }

    /** The key; null when it came in no form that is known. */
    @Nullable
    String key() {
        String header = authorization;
        if (header == null || header.isBlank()) {
            return apiKey == null ? null : apiKey.strip();
        }
        return header.regionMatches(true, 0, BEARER, 0, BEARER.length()) ? header.substring(BEARER.length()).strip() : null;
    }

    private static boolean isBlank(@Nullable String header) {
        return header == null || header.isBlank();
    }
}
