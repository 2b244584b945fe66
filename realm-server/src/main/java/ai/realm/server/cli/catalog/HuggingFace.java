package ai.realm.server.cli.catalog;

import ai.realm.runtime.store.FileDigest;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A repository of the Hugging Face hub: which of its GGUF files a name stands for, with the sizes and digests that the hub has of them. */
final class HuggingFace {
    private static final Pattern SPLIT = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");
    private static final Pattern PATH = Pattern.compile("(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*\\.gguf");
    private static final int MAX_NAME = 128;
    /** Digits of a digest that tell names apart. */
    private static final int MARK = 12;
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    /** What is taken when no quantization is named, the first that there is. */
    private static final List<String> USUAL = List.of("Q4_K_M", "Q4_0", "Q4_1", "Q8_0", "F16", "BF16");

    /** One file of a repository; size 0 and digest null where the hub does not say. */
    private record Sibling(String path, long bytes, @Nullable String sha256) {}

    private HuggingFace() {
    }

    /**
     * @param quantization such as Q4_K_M, or null
     * @param file one file of it, or null
     */
    static RemoteModel find(URI hub, @Nullable String token, String repository, @Nullable String quantization,
            @Nullable String file)
            throws IOException {
        JsonNode told = HubJson.read(URI.create(hub + "/api/models/" + repository + "?blobs=true"), token);
        Map<String, List<Sibling>> models = models(told);
        String chosen = file != null ? ofFile(models, file, repository) : ofQuantization(models, quantization, repository);
        List<CatalogEntry> parts = new ArrayList<>();
        String licence = licence(told, repository);
        for (Sibling s : models.getOrDefault(chosen, List.of())) {
            parts.add(new CatalogEntry(name(chosen), local(repository, chosen, s.path.substring(chosen.length())),
                    URI.create(hub + "/" + repository + "/resolve/main/" + s.path), s.bytes, s.sha256, licence));
        }
        return new RemoteModel(parts, token);
    }

    /** The files of each model, those of one in parts in their order. */
    private static Map<String, List<Sibling>> models(JsonNode told) throws IOException {
        Map<String, List<Sibling>> models = new TreeMap<>();
        for (JsonNode sibling : told.path("siblings")) {
            String path = sibling.path("rfilename").asText();
            String base = path.substring(path.lastIndexOf('/') + 1);
            if (!PATH.matcher(path).matches() || path.contains("..") || base.startsWith("mmproj") || base.contains("imatrix")) {
                continue;
            }
            Matcher split = SPLIT.matcher(path);
            String sha = sibling.path("lfs").path("sha256").asText("");
            models.computeIfAbsent(split.matches() ? split.group(1) : path.substring(0, path.length() - ".gguf".length()),
                    _ -> new ArrayList<>())
                    .add(new Sibling(path, sibling.path("size").asLong(0), SHA256.matcher(sha).matches() ? sha : null));
        }
        for (Map.Entry<String, List<Sibling>> model : models.entrySet()) {
            model.getValue().sort(Comparator.comparing(Sibling::path));
            Matcher split = SPLIT.matcher(model.getValue().getFirst().path);
            if (split.matches() && Integer.parseInt(split.group(3)) != model.getValue().size()) {
                throw new IOException(
                        model.getKey() + " comes in " + Integer.parseInt(split.group(3)) + " parts, of which the repository has "
                                + model.getValue().size());
            }
        }
        return models;
    }

    private static String ofFile(Map<String, List<Sibling>> models, String file, String repository) throws IOException {
        return models.entrySet().stream().filter(m -> m.getValue().stream().anyMatch(s -> s.path.equals(file))).findFirst()
                .map(Map.Entry::getKey).orElseThrow(() -> new IOException(repository + " has no file " + file));
    }

    private static String ofQuantization(Map<String, List<Sibling>> models, @Nullable String quantization, String repository)
            throws IOException {
        if (models.isEmpty()) {
            throw new IOException(repository + " has no GGUF files");
        }
        if (quantization == null && models.size() == 1) {
            return models.keySet().iterator().next();
        }
        for (String wanted : quantization == null ? USUAL : List.of(quantization)) {
            Optional<String> found = named(models, wanted);
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw new IOException(repository + " has no " + (quantization == null ? "usual quantization" : quantization)
                + "; it has " + String.join(", ", models.keySet()));
    }

    /** The shortest name with the word in it: {@code Q4_K_M} is not {@code UD-Q4_K_M} where both are there. */
    private static Optional<String> named(Map<String, List<Sibling>> models, String quantization) {
        Pattern word = Pattern.compile("(?:^|[-._/])" + Pattern.quote(quantization) + "(?:$|[-._/])", Pattern.CASE_INSENSITIVE);
        return models.keySet().stream().filter(m -> word.matcher(m).find())
                .min(Comparator.comparingInt(String::length).thenComparing(Comparator.naturalOrder()));
    }

    private static String licence(JsonNode told, String repository) {
        String licence = told.path("cardData").path("license").asText("");
        if (licence.isBlank()) {
            for (JsonNode tag : told.path("tags")) {
                licence = tag.asText().startsWith("license:") ? tag.asText().substring("license:".length()) : licence;
            }
        }
        String named = told.path("cardData").path("license_name").asText("");
        String text = licence.equals("other") && !named.isBlank() ? named : licence;
        return text.isBlank() ? "not stated, see huggingface.co/" + repository : text.replaceAll("\\p{Cntrl}", " ");
    }

    private static String name(String model) {
        String base = model.substring(model.lastIndexOf('/') + 1);
        return base.length() <= MAX_NAME ? base : base.substring(0, MAX_NAME);
    }

    /**
     * A file's name on disk says which repository and folder it is of. Where that could be said of two models, or is too long, a part of a
     * digest tells them apart, the same for all parts of one.
     *
     * @param ending of the file's name: that of GGUF files, after the part's number where there are parts
     */
    private static String local(String repository, String model, String ending) {
        String origin = repository + "/" + model;
        String stem = origin.replace("/", "--");
        if (!model.contains("/") && !origin.contains("--") && stem.length() + ending.length() <= MAX_NAME) {
            return stem + ending;
        }
        String mark = "-" + FileDigest.sha256(origin.getBytes(StandardCharsets.UTF_8)).substring(0, MARK) + ending;
        return stem.substring(0, Math.min(stem.length(), MAX_NAME - mark.length())) + mark;
    }
}
