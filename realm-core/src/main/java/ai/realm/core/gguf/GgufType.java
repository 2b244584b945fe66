package ai.realm.core.gguf;

import java.util.Locale;

/** The types of metadata values, in the order of their numbers in a file. Source: the GGUF specification in ggml's docs. */
public enum GgufType {
    UINT8,
    INT8,
    UINT16,
    INT16,
    UINT32,
    INT32,
    FLOAT32,
    BOOL,
    STRING,
    ARRAY,
    UINT64,
    INT64,
    FLOAT64;

    private static final GgufType[] ALL = values();

    /** The type of a number that is one. */
    static GgufType of(int id) {
        return ALL[id];
    }

    /** As the specification spells it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
