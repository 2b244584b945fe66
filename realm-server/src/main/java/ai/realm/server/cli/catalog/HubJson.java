package ai.realm.server.cli.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What a hub tells of its models, read within bounds. */
final class HubJson {
    private static final int MAX_BYTES = 32 << 20;
    private static final int STALL_MILLIS = 30_000;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private HubJson() {
    }

    static JsonNode read(URI url, @Nullable String token) throws IOException {
        byte[] body = body(url, token, MAX_BYTES);
        JsonNode json = JSON.readTree(body);
        if (!json.isObject()) {
            throw new IOException(url.getHost() + " answers with what is no JSON object");
        }
        return json;
    }

    /** The first line of a text with letters in it, at most 80 characters; {@code absent} when it cannot be had. */
    static String firstLine(URI url, String absent) {
        try {
            return new String(body(url, null, 1 << 20), StandardCharsets.UTF_8).lines().map(String::strip)
                    .filter(l -> l.chars().anyMatch(Character::isLetter)).findFirst()
                    .map(l -> l.replaceAll("\\p{Cntrl}", " ")).map(l -> l.substring(0, Math.min(80, l.length()))).orElse(absent);
        } catch (IOException _) {
            return absent;
        }
    }

    private static byte[] body(URI url, @Nullable String token, int most) throws IOException {
        HttpURLConnection connection;
        try {
            connection = Connections.get(url, token, STALL_MILLIS, c -> c.setRequestProperty("Accept", "*/*"));
        } catch (UnknownHostException | ConnectException e) {
            throw new IOException("no connection to " + url.getHost() + " (" + e + "): is there a network?", e);
        }
        try {
            int status = connection.getResponseCode();
            if (status == 404) {
                throw new IOException("not found (404): " + url);
            }
            if (status == 401 || status == 403) {
                throw new IOException("access refused (" + status + "): " + url
                        + "; there is no such model, or it needs a token (HF_TOKEN) or its licence accepted");
            }
            if (status != 200) {
                throw new IOException("the server answered " + status + " for " + url);
            }
            try (InputStream in = connection.getInputStream()) {
                byte[] body = in.readNBytes(most + 1);
                if (body.length > most) {
                    throw new IOException(url.getHost() + " tells more than " + most + " bytes of a model");
                }
                return body;
            }
        } finally {
            connection.disconnect();
        }
    }
}
