package ai.realm.server.cli.catalog;

import ai.realm.server.domain.OperatorFile;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The models that Realm knows by name ({@code models/catalog.yaml}) and where their files are: those that come with Realm beside
 * the catalogue, those that were pulled in a folder of their own. Names become paths only through an entry. Immutable.
 */
public final class ModelCatalog {
    private static final ObjectMapper YAML = YAMLMapper.builder().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** The file in the folder of pulled models that says what they are. */
    private static final String RECORD = "pulled.yaml";

    private final Map<String, CatalogEntry> entries = new LinkedHashMap<>();
    private final Path shipped;
    private final Path pulled;

    private record Document(@JsonProperty("models") List<CatalogEntry> models) {}

    /**
     * @param shipped folder of the files that come with Realm
     * @param pulled folder of the files that were fetched
     */
    public ModelCatalog(List<CatalogEntry> models, Path shipped, Path pulled) {
        for (CatalogEntry entry : models) {
            if (entries.put(entry.name(), entry) != null) {
                throw new IllegalArgumentException("model " + entry.name() + " occurs twice in the catalogue");
            }
        }
        if (entries.isEmpty()) {
            throw new IllegalArgumentException("the catalogue must have at least one model, the default");
        }
        this.shipped = shipped;
        this.pulled = pulled;
    }

    /** The catalogue of this installation: {@code models/catalog.yaml} in the home directory, pulled files in {@code .realm/models}. */
    public static ModelCatalog open() throws IOException {
        Path home = Path.of(System.getProperty("realm.home", ""));
        return read(home.resolve("models").resolve("catalog.yaml"), home.resolve(".realm").resolve("models"));
    }

    /** A catalogue from a file; what it ships lies beside it. */
    public static ModelCatalog read(Path yaml, Path pulled) throws IOException {
        String text = new String(OperatorFile.read("the catalogue of models", yaml, 1 << 20), StandardCharsets.UTF_8);
        try {
            Document document = YAML.readValue(text, Document.class);
            List<CatalogEntry> models = new ArrayList<>(document.models());
            for (CatalogEntry entry : recorded(pulled)) {
                if (models.stream().noneMatch(m -> m.name().equals(entry.name()))) {
                    models.add(entry);
                }
            }
            return new ModelCatalog(models, yaml.resolveSibling(""), pulled);
        } catch (IOException | IllegalArgumentException e) {
            Throwable cause = e.getCause() instanceof IllegalArgumentException ? e.getCause() : e;
            throw new IOException("the catalogue " + yaml + " is malformed: " + cause.getMessage(), e);
        }
    }

    /** What was pulled without being of the catalogue. */
    private static List<CatalogEntry> recorded(Path pulled) throws IOException {
        Path record = pulled.resolve(RECORD);
        return Files.exists(record)
                ? YAML.readValue(OperatorFile.read("the record of pulled models", record, 1 << 20), Document.class).models()
                : List.of();
    }

    /** Remembers a model that was pulled from a hub, so that it has a name here; one of the same name is forgotten. */
    public void record(CatalogEntry entry) throws IOException {
        Files.createDirectories(pulled);
        try (FileChannel lock = FileChannel.open(pulled.resolve(RECORD + ".lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
                FileLock _ = lock.lock()) {
            List<CatalogEntry> models = new ArrayList<>(recorded(pulled));
            models.removeIf(m -> m.name().equals(entry.name()));
            models.add(entry);
            Path fresh = Files.writeString(pulled.resolve(RECORD + ".new"), YAML.writeValueAsString(new Document(models)));
            Files.move(fresh, pulled.resolve(RECORD), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Whether a model has this name. */
    public boolean has(String name) {
        return entries.containsKey(name);
    }

    /** All models in the catalogue's order. */
    public List<CatalogEntry> entries() {
        return List.copyOf(entries.values());
    }

    /** The model that is served when none is named. */
    public CatalogEntry defaultEntry() {
        return entries.values().iterator().next();
    }

    /** The model of this name, or a MODEL_NOT_FOUND that lists what there is. */
    public CatalogEntry get(String name) {
        CatalogEntry entry = entries.get(name);
        if (entry == null) {
            throw new RealmException(ErrorCode.MODEL_NOT_FOUND,
                    "no model is named " + (CatalogEntry.isPlain(name) ? name : "so") + "; the catalogue has "
                            + entries.keySet());
        }
        return entry;
    }

    /** The model's file if it is on disk. */
    public Optional<Path> locate(CatalogEntry entry) {
        for (Path folder : List.of(shipped, pulled)) {
            Path file = folder.resolve(entry.file());
            if (Files.isRegularFile(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /** The folder of pulled files. */
    public Path folder() {
        return pulled;
    }

    /** Where a pulled file goes. */
    public Path target(CatalogEntry entry) {
        return pulled.resolve(entry.file());
    }
}
