package ai.realm.server.cli.quantize;

import ai.realm.core.gguf.GgufArray;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which type each tensor of a model gets in a mixture. Source of the rules: what llama.cpp's quantizer does without an importance matrix (de3ff81),
 * so that files of both are alike.
 */
final class TypePlan {
    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\..*");
    /** Parts of names whose tensors stay as they are: small, or too important. */
    private static final List<String> KEPT = List.of("_norm.weight", "ffn_gate_inp.weight", "altup", "laurel",
            "per_layer_model_proj",
            "ssm_conv1d", "shortconv.conv.weight", "time_mix_first.weight", "time_mix_w0.weight", "time_mix_w1.weight",
            "time_mix_w2.weight", "time_mix_v0.weight", "time_mix_v1.weight", "time_mix_v2.weight", "time_mix_a0.weight",
            "time_mix_a1.weight", "time_mix_a2.weight", "time_mix_g1.weight", "time_mix_g2.weight", "time_mix_decay_w1.weight",
            "time_mix_decay_w2.weight", "time_mix_lerp_fused.weight", "attn_rel_b.weight", ".position_embd",
            "indexer.k_proj.weight",
            "indexer.q_proj.weight");
    private static final Set<String> KEPT_WHOLE = Set.of("position_embd.weight", "token_types.weight");

    private final GgufFile file;
    private final Mixture mixture;
    private final boolean falcon;
    private final boolean large;
    private final int layers;
    private final int experts;
    private final int group;
    private final boolean tied;
    private final int valueMaps;
    private int valuesSeen;
    private int downsSeen;

    TypePlan(GgufFile file, Mixture mixture) {
        this.file = file;
        this.mixture = mixture;
        String architecture = file.architecture();
        this.falcon = architecture.equals("falcon");
        this.layers = (int) file.integerOr(architecture + ".block_count", 1);
        this.experts = (int) file.integerOr(architecture + ".expert_count", 0);
        long heads = first(architecture + ".attention.head_count", 1);
        long kvHeads = first(architecture + ".attention.head_count_kv", heads);
        this.group = kvHeads == 0 ? 0 : (int) (heads / kvHeads);
        this.large = architecture.equals("llama") && layers == 80 && heads != kvHeads;
        this.tied = !file.tensors().containsKey("output.weight");
        this.valueMaps = (int) file.tensors().keySet().stream().filter(TypePlan::isValues).count();
    }

    private long first(String key, long absent) {
        return file.metadata().get(key) instanceof GgufArray array
                ? array.size() == 0 ? absent : array.integers()[0]
                : file.integerOr(key, absent);
    }

    /** The type of every tensor, by its name. */
    Map<String, GgmlType> types() {
        Map<String, GgmlType> out = new HashMap<>();
        // Some rules go by how many such tensors came before: in the order of layers, then of names.
        file.tensors().values().stream()
                .sorted(Comparator.comparingInt((TensorView t) -> layer(t.name())).thenComparing(TensorView::name))
                .forEach(t -> out.put(t.name(), type(t)));
        return out;
    }

    private static int layer(String name) {
        Matcher m = LAYER.matcher(name);
        return m.matches() ? Integer.parseInt(m.group(1)) : -1;
    }

    private static boolean isValues(String name) {
        return name.contains("attn_v.weight") || name.contains("attn_qkv.weight") || name.contains("attn_kv_b.weight");
    }

    private GgmlType type(TensorView t) {
        String name = t.name();
        if (rank(t) < 2 || !name.endsWith("weight") || KEPT_WHOLE.contains(name) || KEPT.stream().anyMatch(name::contains)) {
            return t.type();
        }
        boolean packed = mixture.base().blockElements() > 1;
        return packed ? fitting(t, better(t)) : mixture.base();
    }

    private static int rank(TensorView t) {
        int rank = t.shape().rank();
        while (rank > 1 && t.shape().dim(rank - 1) == 1) {
            rank--;
        }
        return rank;
    }

    private GgmlType better(TensorView t) {
        String name = t.name();
        boolean table = name.equals("token_embd.weight") || name.equals("per_layer_token_embd.weight");
        if (name.equals("output.weight") || tied && table) {
            if (falcon || t.shape().dim(0) % mixture.base().blockElements() != 0) {
                return GgmlType.Q8_0;
            }
            return mixture == Mixture.Q8_0 ? GgmlType.Q8_0 : GgmlType.Q6_K;
        }
        if (table) {
            return mixture.base();
        }
        if (isValues(name)) {
            return values(name);
        }
        if (name.contains("attn_k.weight")) {
            return experts == 8 ? GgmlType.Q8_0 : mixture.base();
        }
        if (name.contains("attn_output.weight")) {
            return attentionOutput();
        }
        return name.contains("ffn_down") ? down(name) : mixture.base();
    }

    /** The first eighth, the last, and every third of the rest. */
    private static boolean moreBits(int i, int n) {
        return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
    }

    private GgmlType values(String name) {
        int i = valuesSeen++;
        GgmlType type = switch (mixture) {
            case Q2_K -> group >= 4 ? GgmlType.Q4_K : GgmlType.Q3_K;
            case Q3_K_M -> i < 2 ? GgmlType.Q5_K : GgmlType.Q4_K;
            case Q3_K_L -> GgmlType.Q5_K;
            case IQ4_NL, IQ4_XS -> group >= 4 ? GgmlType.Q5_K : mixture.base();
            case Q4_K_M, Q5_K_M -> moreBits(i, valueMaps) ? GgmlType.Q6_K : mixture.base();
            case Q4_K_S -> i < 4 ? GgmlType.Q5_K : mixture.base();
            default -> mixture.base();
        };
        if (large && (type == GgmlType.Q3_K || type == GgmlType.Q4_K)) {
            type = GgmlType.Q5_K;
        }
        return experts == 8 ? GgmlType.Q8_0 : type;
    }

    private GgmlType attentionOutput() {
        if (falcon) {
            return mixture == Mixture.Q3_K_L ? GgmlType.Q4_K : mixture.base();
        }
        if (experts == 8) {
            return mixture.is(Mixture.Q2_K, Mixture.Q3_K_S, Mixture.Q3_K_M, Mixture.IQ4_NL, Mixture.Q4_K_S, Mixture.Q4_K_M,
                    Mixture.IQ4_XS) ? GgmlType.Q5_K : mixture.base();
        }
        return switch (mixture) {
            case Q2_K -> GgmlType.Q3_K;
            case Q3_K_M -> GgmlType.Q4_K;
            case Q3_K_L -> GgmlType.Q5_K;
            default -> mixture.base();
        };
    }

    private GgmlType down(String name) {
        int i = experts > 1 ? layer(name) : downsSeen;
        downsSeen++;
        return switch (mixture) {
            case Q2_K -> GgmlType.Q3_K;
            case Q3_K_M -> i < layers / 16
                    ? GgmlType.Q5_K
                    : !falcon || moreBits(i, layers) ? GgmlType.Q4_K : GgmlType.Q3_K;
            case Q3_K_L -> falcon ? GgmlType.Q4_K : GgmlType.Q5_K;
            case Q4_K_M -> falcon && i < layers / 16
                    ? GgmlType.Q6_K
                    : !moreBits(i, layers) ? GgmlType.Q4_K : falcon ? GgmlType.Q5_K : GgmlType.Q6_K;
            case IQ4_NL, IQ4_XS -> i < layers / 8 ? GgmlType.Q5_K : mixture.base();
            case Q5_K_M -> moreBits(i, layers) ? GgmlType.Q6_K : mixture.base();
            case Q4_K_S -> !falcon && i < layers / 8 ? GgmlType.Q5_K : mixture.base();
            default -> mixture.base();
        };
    }

    /** A type whose blocks a row is whole ones of: a smaller block of about as many bits, or fp16. */
    private static GgmlType fitting(TensorView t, GgmlType wanted) {
        long columns = t.shape().dim(0);
        if (columns % wanted.blockElements() == 0) {
            return wanted;
        }
        GgmlType other = switch (wanted) {
            case IQ4_XS -> GgmlType.IQ4_NL;
            case Q2_K, Q3_K -> GgmlType.Q4_0;
            case Q4_K -> GgmlType.Q5_0;
            case Q5_K -> GgmlType.Q5_1;
            case Q6_K -> GgmlType.Q8_0;
            default -> wanted;
        };
        return columns % other.blockElements() == 0 ? other : GgmlType.F16;
    }
}
