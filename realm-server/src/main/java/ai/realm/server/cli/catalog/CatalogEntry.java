package ai.realm.server.cli.catalog;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.net.URI;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One model of the catalogue.
 *
 * @param file its file's name, never a path
 * @param url where to fetch it; null for a file that comes with Realm
 * @param bytes size of the file, or 0 when not known
 * @param sha256 lower-case hexadecimal, or null when not known
 * @param system the system message of chats that begin without one; null leaves that to the model's template
 * @param dimensions lengths that the model was trained to have its vectors cut to
 */
public record CatalogEntry(String name, String file, @Nullable URI url, long bytes, @Nullable String sha256, String licence,
        @Nullable String system, List<Integer> dimensions) {
    /** What a name or a file may look like: no separator, no leading dot, nothing that a path could be made of. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    @JsonCreator
    public CatalogEntry(@JsonProperty("name") String name, @JsonProperty("file") String file,
            @JsonProperty("url") @Nullable URI url,
            @JsonProperty("bytes") long bytes, @JsonProperty("sha256") @Nullable String sha256,
            @JsonProperty("licence") String licence, @JsonProperty("system") @Nullable String system,
            @JsonProperty("dimensions") @Nullable List<Integer> dimensions) {
        this.name = plain("name", name);
        this.file = plain("file", file);
        this.url = url;
        this.bytes = bytes;
        this.sha256 = sha256;
        this.licence = licence;
        this.system = system;
        this.dimensions = dimensions == null ? List.of() : List.copyOf(dimensions);
        if (licence == null || licence.isBlank()) {
            throw new IllegalArgumentException("model " + name + " must state its licence");
        }
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes of model " + name + " must be 0 (not known) or more, not " + bytes);
        }
        if (sha256 != null && !SHA256.matcher(sha256).matches()) {
            throw new IllegalArgumentException("sha256 of model " + name + " must be 64 hexadecimal digits, not " + sha256);
        }
        if (url != null && !("https".equals(url.getScheme()) || "http".equals(url.getScheme()))) {
            throw new IllegalArgumentException("url of model " + name + " must be http or https, not " + url);
        }
    }

    /** A model whose chats begin as its template has them. */
    public CatalogEntry(String name, String file, @Nullable URI url, long bytes, @Nullable String sha256, String licence) {
        this(name, file, url, bytes, sha256, licence, null, null);
    }

    private static String plain(String what, @Nullable String text) {
        if (text == null || !isPlain(text)) {
            throw new IllegalArgumentException(
                    "a model's " + what + " must be 1 to 128 of A-Z a-z 0-9 . _ - without .. and not begin with a mark, not "
                            + text);
        }
        return text;
    }

    /** Whether a text can be the name of a model. */
    public static boolean isPlain(String text) {
        return PLAIN.matcher(text).matches() && !text.contains("..");
    }
}
