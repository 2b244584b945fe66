package ai.realm.server.domain;

import static ai.realm.server.domain.Checks.bad;
import static ai.realm.server.domain.Checks.in;
import static ai.realm.server.domain.Checks.name;
import static ai.realm.server.domain.Checks.or;
import static ai.realm.server.domain.Checks.required;

import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What is written of a model, checked. */
public final class ModelReader {
    private static final int MOST_SCALE = 10;
    private static final int MOST_ALIASES = 64;
    private static final int MOST_DIMENSIONS = 64;
    private static final int LONGEST_VECTOR = 1 << 20;

    private static final int MOST_METADATA = 64;
    private static final Pattern METADATA = Pattern.compile("[a-z0-9_-]+(\\.[a-z0-9_-]+)*");
    private static final Pattern ALIAS = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}");

    private ModelReader() {
    }

    /**
     * A model of the configuration.
     *
     * @param at its place there, with a dot at the end; empty for none
     * @param known what the catalogue says of its file; null when it does not have it
     */
    public static ModelEntry model(String at, Path file, ModelSettings m, @Nullable ModelEntry known) {
        String sha256 = m.sha256();
        checkDigest(at, sha256);
        return new ModelEntry(file, in(at + "context", or(m.context(), 0), 0, 1 << 24),
                sha256 == null && known != null ? known.sha256() : sha256,
                m.system() == null && known != null ? known.system() : m.system(), or(m.preload(), true), null, 1f,
                new ModelEntry.Offer(aliases(at + "aliases", m.aliases()),
                        m.dimensions() == null && known != null
                                ? known.offer().dimensions()
                                : dimensions(at + "dimensions", m.dimensions()),
                        metadata(at + "metadata", m.metadata())));
    }

    private static Map<String, Object> metadata(String at, @Nullable Map<String, @Nullable Object> given) {
        Map<String, @Nullable Object> all = or(given, Map.of());
        if (all.size() > MOST_METADATA) {
            throw bad(at + " may hold " + MOST_METADATA + " keys, not " + all.size());
        }
        Map<String, Object> out = new HashMap<>();
        all.forEach((key, value) -> {
            if (!METADATA.matcher(key).matches() || key.startsWith("split.") || key.equals("general.architecture")
                    || !(value instanceof Number || value instanceof Boolean || value instanceof String)) {
                throw bad(at + ": a key of the file is set to a number, a text, true or false, and not " + key + " to " + value);
            }
            out.put(key, value);
        });
        return out;
    }

    private static List<String> aliases(String at, @Nullable List<@Nullable String> given) {
        List<@Nullable String> all = or(given, List.of());
        if (all.size() > MOST_ALIASES) {
            throw bad(at + " may hold " + MOST_ALIASES + " names, not " + all.size());
        }
        List<String> names = new ArrayList<>();
        for (String alias : all) {
            if (alias == null || !ALIAS.matcher(alias).matches()) {
                throw bad(
                        at + ": an alias is 1 to 128 characters of A-Z a-z 0-9 . _ : / - and begins with a letter or digit, not "
                                + alias);
            }
            names.add(alias);
        }
        return names.stream().distinct().toList();
    }

    private static List<Integer> dimensions(String at, @Nullable List<@Nullable Integer> given) {
        List<@Nullable Integer> all = or(given, List.of());
        if (all.size() > MOST_DIMENSIONS) {
            throw bad(at + " may hold " + MOST_DIMENSIONS + " numbers, not " + all.size());
        }
        return all.stream().map(n -> in(at, n == null ? 0 : n, 1, LONGEST_VECTOR)).distinct().sorted().toList();
    }

    /**
     * Refuses an alias that is the name of a model, or that two models have.
     *
     * @param models by name, those with aliases among them
     */
    public static void checkAliases(Map<String, ModelEntry> models) {
        Map<String, String> owners = new HashMap<>();
        models.forEach((name, entry) -> entry.offer().aliases().forEach(alias -> {
            String other = models.containsKey(alias) ? alias : owners.put(alias, name);
            if (other != null) {
                throw RealmException.badParam("aliases",
                        "models." + name + ".aliases: " + alias + " is a name of model " + other + " already");
            }
        }));
    }

    /**
     * A LoRA adapter.
     *
     * @param at its place in the configuration, with a dot at the end; empty for none
     * @param scale how strongly it counts; null for as it was trained
     */
    public static ModelEntry adapter(String at, Path file, String model, @Nullable String sha256, @Nullable Double scale) {
        checkDigest(at, sha256);
        double factor = or(scale, 1.0);
        if (!(factor >= -MOST_SCALE && factor <= MOST_SCALE)) {
            throw bad(at + "scale must be " + -MOST_SCALE + " to " + MOST_SCALE + ", not " + factor);
        }
        return new ModelEntry(file, 0, sha256, null, false, model, (float) factor);
    }

    private static void checkDigest(String at, @Nullable String sha256) {
        if (sha256 != null && !sha256.matches("[0-9a-f]{64}")) {
            throw bad(at + "sha256 must be 64 hexadecimal digits, not " + sha256);
        }
    }

    /**
     * A model that the admin registers: a {@code name}, and the absolute path of its {@code file} or its name in the {@code catalog}.
     */
    public static ModelEntry model(JsonNode json, ModelFiles files) {
        ModelSettings.New m = StrictYaml.read(json, ModelSettings.New.class, "model");
        String name = required("name", m.name());
        name(name, "name");
        String file = m.file();
        String catalog = m.catalog();
        if ((file == null) == (catalog == null)) {
            throw bad("a model is given by file or by catalog, one of them");
        }
        String adapterOf = m.adapterOf();
        if (adapterOf == null && m.scale() != null
                || adapterOf != null && (catalog != null || m.context() != null || m.system() != null || m.aliases() != null
                        || m.dimensions() != null || m.metadata() != null)) {
            throw bad("an adapter has a file, sha256 and scale, and a model everything but scale");
        }
        if (adapterOf != null && !name.startsWith(adapterOf + ":")) {
            throw RealmException.badParam("name",
                    "name: an adapter of " + adapterOf + " is called " + adapterOf + ":ADAPTER, not " + name);
        }
        ModelEntry named = catalog == null ? null : files.named(catalog);
        Path path = named != null ? named.file() : OperatorFile.path("file", required("file", file));
        if (!path.isAbsolute() || !Files.isRegularFile(path)) {
            throw RealmException.badParam("file",
                    "file must be the absolute path of a file on the server's machine, not " + path);
        }
        if (adapterOf != null) {
            return adapter("", path, adapterOf, m.sha256(), m.scale());
        }
        return model("", path,
                new ModelSettings(null, m.context(), m.sha256(), m.system(), false, m.aliases(), m.dimensions(), m.metadata(),
                        null),
                named != null ? named : files.known(path));
    }
}
