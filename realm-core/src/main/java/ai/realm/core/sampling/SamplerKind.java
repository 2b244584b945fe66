package ai.realm.core.sampling;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The samplers whose order a request may choose, in the order that llama.cpp gives them by default. */
public enum SamplerKind {
    PENALTIES('e', "penalties"),
    DRY('d', "dry"),
    TOP_N_SIGMA('s', "top_n_sigma", "top-n-sigma"),
    TOP_K('k', "top_k", "top-k"),
    TYPICAL_P('y', "typ_p", "typical_p", "typical-p", "typical", "typ"),
    TOP_P('p', "top_p", "top-p", "nucleus"),
    MIN_P('m', "min_p", "min-p"),
    XTC('x', "xtc"),
    TEMPERATURE('t', "temperature", "temp");

    private final char letter;
    private final List<String> names;

    SamplerKind(char letter, String... names) {
        this.letter = letter;
        this.names = List.of(names);
    }

    /** The first of its names. */
    public String label() {
        return names.getFirst();
    }

    /** The one with this name or letter. */
    public static Optional<SamplerKind> of(String name) {
        String plain = name.toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(k -> k.names.contains(plain) || plain.length() == 1 && k.letter == plain.charAt(0)).findFirst();
    }
}
