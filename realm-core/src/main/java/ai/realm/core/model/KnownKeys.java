package ai.realm.core.model;

import ai.realm.core.gguf.GgufArray;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The types of the keys that models have, whatever architecture reads them: a number written as text or with other bits is a file that
 * was made wrong, even where nobody reads it today. Source: the GGUF specification and llama.cpp de3ff81 for keys and types.
 */
final class KnownKeys {
    private static final Set<GgufType> COUNTS = Set.of(GgufType.UINT32, GgufType.INT32);
    private static final Map<String, GgufType> GENERAL = Map.of("general.architecture", GgufType.STRING, "general.name",
            GgufType.STRING, "general.type", GgufType.STRING, "general.file_type", GgufType.UINT32, "general.alignment",
            GgufType.UINT32, "general.quantization_version", GgufType.UINT32);
    /** Numbers without the architecture's prefix, one or one for each layer. */
    private static final List<String> NUMBERS = List.of("xielu.alpha_n", "xielu.alpha_p", "xielu.beta", "xielu.eps");
    private static final Map<String, GgufType> OF_ARCHITECTURE = new HashMap<>();
    /** Keys that may also come as an array with a value for each layer. */
    private static final Set<String> PER_LAYER = Set.of("feed_forward_length", "expert_feed_forward_length", "expert_used_count",
            "attention.head_count", "attention.head_count_kv", "attention.sliding_window_pattern", "attention.recurrent_layers",
            "swiglu_clamp_exp", "swiglu_clamp_shexp", "attention.key_length", "attention.value_length",
            "expert_shared_feed_forward_length", "attention.rope_pattern");

    static {
        put(GgufType.FLOAT32, "attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon",
                "attention.group_norm_epsilon", "attention.max_alibi_bias", "attention.clamp_kqv", "attention.scale",
                "attention.output_scale", "attention.value_scale", "attention.temperature_scale", "attn_logit_softcapping",
                "router_logit_softcapping", "final_logit_softcapping", "logit_scale", "residual_scale", "embedding_scale",
                "expert_weights_scale", "expert_group_scale", "rope.freq_base", "rope.freq_base_swa", "rope.scale_linear",
                "rope.scaling.factor", "rope.scaling.alpha", "rope.scaling.attn_factor", "rope.scaling.yarn_log_multiplier",
                "rope.scaling.yarn_ext_factor", "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_beta_fast",
                "rope.scaling.yarn_beta_slow");
        put(GgufType.BOOL, "use_parallel_residual", "expert_weights_norm", "attention.causal", "rope.scaling.finetuned",
                "ssm.dt_b_c_rms", "swin_norm");
        put(GgufType.STRING, "rope.scaling.type", "tensor_data_layout");
        put(GgufType.UINT32, "vocab_size", "context_length", "embedding_length", "embedding_length_out",
                "embedding_length_per_layer_input", "features_length", "block_count", "leading_dense_block_count",
                "feed_forward_length", "expert_feed_forward_length", "expert_shared_feed_forward_length",
                "expert_chunk_feed_forward_length", "expert_count", "expert_used_count", "expert_shared_count",
                "expert_group_count", "expert_group_used_count", "expert_gating_func", "experts_per_group",
                "moe_every_n_layers", "nextn_predict_layers", "pooling_type", "interleave_moe_layer_step",
                "full_attention_interval", "attention.head_count", "attention.head_count_kv", "attention.key_length",
                "attention.value_length", "attention.q_lora_rank", "attention.kv_lora_rank", "attention.sliding_window",
                "attention.temperature_length", "attention.key_length_mla", "attention.value_length_mla",
                "attention.key_length_swa", "attention.value_length_swa", "attention.shared_kv_layers",
                "rope.dimension_count", "rope.dimension_count_swa", "rope.scaling.original_context_length",
                "ssm.conv_kernel", "ssm.inner_size", "ssm.state_size", "ssm.time_step_rank", "ssm.group_count",
                "shortconv.l_cache", "attention.sliding_window_pattern", "attention.recurrent_layers");
    }

    private KnownKeys() {
    }

    private static void put(GgufType type, String... keys) {
        for (String key : keys) {
            OF_ARCHITECTURE.put(key, type);
        }
    }

    /** Refuses a file with a key whose value has another type than the key is to have. */
    static void check(GgufFile file) {
        GENERAL.forEach(file::requireType);
        for (String key : NUMBERS) {
            if (!(file.metadata().get(key) instanceof GgufArray array)) {
                file.requireType(key, GgufType.FLOAT32);
            } else if (array.elements() != GgufType.FLOAT32) {
                throw new GgufException("key " + key + " must be of type FLOAT32 or an array of it, not an array of "
                        + array.elements(), -1);
            }
        }
        String prefix = file.architecture() + ".";
        for (Map.Entry<String, Object> e : file.metadata().entrySet()) {
            String key = e.getKey();
            GgufType type = key.startsWith(prefix) ? OF_ARCHITECTURE.get(key.substring(prefix.length())) : null;
            if (type == null) {
                continue;
            }
            if (e.getValue() instanceof GgufArray array && PER_LAYER.contains(key.substring(prefix.length()))) {
                if (array.elements() != type && !(type == GgufType.UINT32 && isCount(array.elements()))) {
                    throw new GgufException("key " + key + " must be of type " + type + " or an array of it, not an array of "
                            + array.elements(), -1);
                }
            } else {
                file.requireType(key, type);
            }
        }
    }

    private static boolean isCount(GgufType type) {
        return COUNTS.contains(type) || type == GgufType.BOOL;
    }
}
