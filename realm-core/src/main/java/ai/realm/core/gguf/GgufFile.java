package ai.realm.core.gguf;

import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file, parsed and checked: its metadata and views of its tensors on a shared memory map. Immutable, readable by any
 * thread; closing it unmaps the file, after which every tensor view throws.
 *
 *
 * <p>Metadata values are held as {@code Long} (all integer types; u64 as its bits), {@code Double} (f32 and f64),
 * {@code Boolean}, {@code String}, or as {@link GgufArray}.
 */
public final class GgufFile implements AutoCloseable {
    private final @Nullable Path path;
    private final int version;
    private final long alignment;
    private final Map<String, Object> metadata;
    private final Map<String, GgufType> types;
    private final Map<String, TensorView> tensors;
    private final long size;
    private final Arena arena;

    GgufFile(@Nullable Path path, int version, long alignment, Map<String, Object> metadata, Map<String, GgufType> types,
            Map<String, TensorView> tensors, long size, Arena arena) {
        this.path = path;
        this.version = version;
        this.alignment = alignment;
        this.metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        this.types = Map.copyOf(types);
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        this.size = size;
        this.arena = arena;
    }

    /** The same metadata with other tensors. */
    GgufFile with(Map<String, TensorView> others, long bytes, Arena owner) {
        return new GgufFile(path, version, alignment, metadata, types, others, bytes, owner);
    }

    /**
     * The same file with other values of some keys, for what its maker got wrong or another use needs.
     *
     * @param values by the keys' names, those of the architecture without its prefix too; numbers, texts and truth values
     * @throws GgufException when a value is of another kind than the file's
     */
    public GgufFile withValues(Map<String, Object> values) {
        if (values.isEmpty()) {
            return this;
        }
        Map<String, Object> changed = new LinkedHashMap<>(metadata);
        Map<String, GgufType> kinds = new LinkedHashMap<>(types);
        values.forEach((name, value) -> {
            String prefixed = architecture() + "." + name;
            String key = types.containsKey(name) || name.startsWith("general.") || name.startsWith("tokenizer.")
                    || name.startsWith(architecture() + ".") ? name : prefixed;
            GgufType type = types.getOrDefault(key, usual(value));
            changed.put(key, as(key, type, value));
            kinds.put(key, type);
        });
        return new GgufFile(path, version, alignment, changed, kinds, tensors, size, arena);
    }

    private static GgufType usual(Object value) {
        if (value instanceof Boolean) {
            return GgufType.BOOL;
        } else if (value instanceof Integer || value instanceof Long) {
            return GgufType.UINT32;
        }
        return value instanceof Number ? GgufType.FLOAT32 : GgufType.STRING;
    }

    private static Object as(String key, GgufType type, Object value) {
        boolean whole = value instanceof Integer || value instanceof Long;
        boolean fits = switch (type) {
            case BOOL -> value instanceof Boolean;
            case STRING -> value instanceof String;
            case FLOAT32, FLOAT64 -> value instanceof Number;
            case ARRAY -> false;
            default -> whole;
        };
        if (!fits) {
            throw new GgufException("key " + key + " is of type " + type + " in the file and cannot be set to " + value, -1);
        }
        return switch (type) {
            case BOOL, STRING -> value;
            case FLOAT32 -> (double) ((Number) value).floatValue();
            case FLOAT64 -> ((Number) value).doubleValue();
            default -> ((Number) value).longValue();
        };
    }

    /** Where the file was opened from; empty for bytes in memory. */
    public Optional<Path> path() {
        return Optional.ofNullable(path);
    }

    public int version() {
        return version;
    }

    public long alignment() {
        return alignment;
    }

    /** Size of the whole file in bytes, of a model in several files of all of them. */
    public long size() {
        return size;
    }

    /** All metadata in the file's order. */
    public Map<String, Object> metadata() {
        return metadata;
    }

    /** All tensors in the file's order. */
    public Map<String, TensorView> tensors() {
        return tensors;
    }

    /** The tensor of this name, or a {@link GgufException} that names it. */
    public TensorView tensor(String name) {
        TensorView t = tensors.get(name);
        if (t == null) {
            throw new GgufException("tensor " + name + " is missing", -1);
        }
        return t;
    }

    public boolean has(String key) {
        return metadata.containsKey(key);
    }

    /** The value of a key must be of this type, as whatever wrote the file is to have it. */
    public void requireType(String key, GgufType type) {
        GgufType found = types.get(key);
        if (found != null && found != type) {
            throw new GgufException("key " + key + " must be of type " + type + ", not " + described(key, found), -1);
        }
    }

    /** The type of a key's value in the file, {@link GgufType#ARRAY} for arrays. */
    public GgufType type(String key) {
        GgufType found = types.get(key);
        if (found == null) {
            throw new GgufException("key " + key + " is missing", -1);
        }
        return found;
    }

    private String described(String key, GgufType found) {
        return metadata.get(key) instanceof GgufArray array ? "an array of " + array.elements() : found.toString();
    }

    /** {@code general.architecture}. */
    public String architecture() {
        return string("general.architecture");
    }

    public String string(String key) {
        return require(key, String.class);
    }

    public @Nullable String stringOr(String key, @Nullable String absent) {
        return has(key) ? string(key) : absent;
    }

    public long integer(String key) {
        return require(key, Long.class);
    }

    public long integerOr(String key, long absent) {
        return has(key) ? integer(key) : absent;
    }

    /** An integer key that must lie in {@code [min, max]}. */
    public int intIn(String key, long min, int max) {
        long v = integer(key);
        if (v < min || v > max) {
            throw new GgufException("key " + key + " must be " + min + ".." + max + ", not " + v, -1);
        }
        return (int) v;
    }

    /** A floating-point key; integers are taken too. */
    public double number(String key) {
        return metadata.get(key) instanceof Long l ? (double) l : require(key, Double.class);
    }

    public boolean boolOr(String key, boolean absent) {
        return has(key) ? require(key, Boolean.class) : absent;
    }

    public GgufArray array(String key) {
        return require(key, GgufArray.class);
    }

    public Optional<GgufArray> findArray(String key) {
        return has(key) ? Optional.of(array(key)) : Optional.empty();
    }

    private <T> T require(String key, Class<T> type) {
        Object v = metadata.get(key);
        if (v == null) {
            throw new GgufException("key " + key + " is missing", -1);
        }
        if (!type.isInstance(v)) {
            throw new GgufException("key " + key + " must be " + kind(type) + ", not " + kind(v.getClass()), -1);
        }
        return type.cast(v);
    }

    private static String kind(Class<?> type) {
        return switch (type.getSimpleName()) {
            case "Long" -> "an integer";
            case "Double" -> "a floating-point number";
            case "Boolean" -> "a boolean";
            case "String" -> "a string";
            default -> "an array";
        };
    }

    /**
     * Gives the memory that holds a tensor's bytes back to the system, for when they were copied elsewhere; the view stays valid
     * and reads the file again when it is used.
     *
     * @return whether the system took it
     */
    public boolean release(TensorView tensor) {
        return FilePages.release(tensor.data());
    }

    @Override
    public void close() {
        arena.close();
    }
}
