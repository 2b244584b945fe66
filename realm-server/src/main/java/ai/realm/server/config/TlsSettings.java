package ai.realm.server.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How the API's listener speaks TLS.
 *
 * @param certificate a PEM file: the server's certificate, then those between it and its authority
 * @param key a PEM file
 * @param clientCa whose certificates of clients are accepted; null when clients are not asked for any
 * @param required whether a client without a certificate is refused
 */
public record TlsSettings(Path certificate, Path key, @Nullable Path clientCa, boolean required) {}
