package ai.realm.server.cli.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The places that models come from besides the catalogue: Hugging Face ({@code hf.co/ORG/REPO:QUANT}), an Ollama registry ({@code qwen3:0.6b}) and
 * plain addresses ({@code https://…}). Where the hubs are, and the tokens for them, the environment says.
 */
public final class Hubs {
    private static final String PART = "[A-Za-z0-9][A-Za-z0-9._-]{0,95}";
    private static final Pattern HUGGING_FACE = Pattern
            .compile("(?:https://)?(?:hf\\.co|huggingface\\.co)/(" + PART + ")/(" + PART
                    + ")(?::(" + PART + ")|/(?:(?:resolve|blob)/main/)?((?:" + PART + "/)*" + PART + "\\.gguf))?");
    private static final Pattern OLLAMA = Pattern
            .compile("(?:(?:https://)?(?:registry\\.)?ollama\\.(?:ai|com)/)?(?:(" + PART + ")/)?("
                    + PART + "):(" + PART + ")");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    private final Map<String, String> environment;

    /** @param environment of the process */
    public Hubs(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /**
     * Asks the hub what a name stands for.
     *
     * @param sha256 what the file of a plain address must have, or null
     * @return empty when the text is no name of a hub's model
     */
    public Optional<RemoteModel> find(String name, @Nullable String sha256) throws IOException {
        Matcher huggingFace = HUGGING_FACE.matcher(name);
        if (huggingFace.matches()) {
            return Optional.of(HuggingFace.find(endpoint("HF_ENDPOINT", "https://huggingface.co"),
                    first("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"), huggingFace.group(1) + "/" + huggingFace.group(2),
                    huggingFace.group(3), huggingFace.group(4)));
        }
        Matcher ollama = OLLAMA.matcher(name);
        if (ollama.matches()) {
            String owner = ollama.group(1) == null ? "library" : ollama.group(1);
            return Optional.of(ollama(endpoint("OLLAMA_REGISTRY", "https://registry.ollama.ai"), owner, ollama.group(2),
                    ollama.group(3)));
        }
        return name.startsWith("https://") || name.startsWith("http://") ? Optional.of(plain(name, sha256)) : Optional.empty();
    }

    private URI endpoint(String variable, String usual) throws IOException {
        String given = environment.getOrDefault(variable, "");
        try {
            URI uri = URI.create(given.isBlank() ? usual : given.strip().replaceFirst("/+$", ""));
            if (uri.getHost() == null || !("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))) {
                throw new IOException(variable + " must be the address of a hub, not " + given);
            }
            return uri;
        } catch (IllegalArgumentException e) {
            throw new IOException(variable + " must be the address of a hub, not " + given, e);
        }
    }

    private @Nullable String first(String... variables) {
        for (String v : variables) {
            String token = environment.getOrDefault(v, "").strip();
            if (!token.isEmpty()) {
                return token;
            }
        }
        return null;
    }

    private RemoteModel ollama(URI registry, String owner, String model, String tag) throws IOException {
        String base = registry + "/v2/" + owner + "/" + model;
        JsonNode manifest = HubJson.read(URI.create(base + "/manifests/" + tag), null);
        CatalogEntry entry = null;
        String licence = "see ollama.com/" + owner + "/" + model;
        for (JsonNode layer : manifest.path("layers")) {
            String type = layer.path("mediaType").asText();
            String digest = layer.path("digest").asText();
            if (!digest.startsWith("sha256:") || !SHA256.matcher(digest.substring(7)).matches()) {
                throw new IOException("the registry names a layer by " + digest + ", which is no SHA-256");
            }
            if (type.endsWith("image.license")) {
                licence = HubJson.firstLine(URI.create(base + "/blobs/" + digest), licence);
            } else if (type.endsWith("image.model")) {
                if (entry != null) {
                    throw new IOException(model + ":" + tag + " has several model files, which is not supported");
                }
                String name = (owner.equals("library") ? "" : owner + "-") + model + "-" + tag;
                entry = new CatalogEntry(name, name + ".gguf", URI.create(base + "/blobs/" + digest), layer.path("size").asLong(),
                        digest.substring(7), licence);
            }
        }
        if (entry == null) {
            throw new IOException(model + ":" + tag + " has no model file in the registry's manifest");
        }
        return new RemoteModel(List.of(new CatalogEntry(entry.name(), entry.file(), entry.url(), entry.bytes(), entry.sha256(),
                licence)), null);
    }

    private RemoteModel plain(String address, @Nullable String sha256) throws IOException {
        URI url;
        try {
            url = URI.create(address);
        } catch (IllegalArgumentException e) {
            throw new IOException("not an address: " + address, e);
        }
        String path = url.getPath() == null ? "" : url.getPath();
        String file = path.substring(path.lastIndexOf('/') + 1);
        if (url.getHost() == null || !file.endsWith(".gguf") || !CatalogEntry.isPlain(file)) {
            throw new IOException("the address of a model must end in the name of a .gguf file");
        }
        if (url.getScheme().equals("http") && sha256 == null) {
            throw new IOException("a model from an http address needs --sha256, as anybody on the way could change it");
        }
        String name = file.substring(0, file.length() - ".gguf".length());
        CatalogEntry entry = new CatalogEntry(name, file, url, 0, sha256, "not known");
        return new RemoteModel(List.of(entry), first("REALM_PULL_TOKEN"));
    }
}
