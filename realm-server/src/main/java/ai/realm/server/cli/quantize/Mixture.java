package ai.realm.server.cli.quantize;

import ai.realm.core.tensor.GgmlType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a file is quantized to, by the names in use: one type for most tensors, and better ones for those where it matters. */
enum Mixture {
    F16(1, GgmlType.F16),
    BF16(32, GgmlType.BF16),
    Q4_0(2, GgmlType.Q4_0),
    Q4_1(3, GgmlType.Q4_1),
    Q5_0(8, GgmlType.Q5_0),
    Q5_1(9, GgmlType.Q5_1),
    Q8_0(7, GgmlType.Q8_0),
    Q2_K(10, GgmlType.Q2_K),
    Q3_K_S(11, GgmlType.Q3_K),
    Q3_K_M(12, GgmlType.Q3_K),
    Q3_K_L(13, GgmlType.Q3_K),
    Q4_K_S(14, GgmlType.Q4_K),
    Q4_K_M(15, GgmlType.Q4_K),
    Q5_K_S(16, GgmlType.Q5_K),
    Q5_K_M(17, GgmlType.Q5_K),
    Q6_K(18, GgmlType.Q6_K),
    IQ4_NL(25, GgmlType.IQ4_NL),
    IQ4_XS(30, GgmlType.IQ4_XS);

    private final int fileType;
    private final GgmlType base;

    Mixture(int fileType, GgmlType base) {
        this.fileType = fileType;
        this.base = base;
    }

    /** The number in {@code general.file_type}. */
    int fileType() {
        return fileType;
    }

    /** What most tensors get. */
    GgmlType base() {
        return base;
    }

    boolean is(Mixture... others) {
        return List.of(others).contains(this);
    }

    /** By its name in any case; Q3_K, Q4_K and Q5_K stand for their middle forms. */
    static Optional<Mixture> named(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        String whole = upper.matches("Q[345]_K") ? upper + "_M" : upper;
        return Arrays.stream(values()).filter(m -> m.name().equals(whole)).findFirst();
    }
}
