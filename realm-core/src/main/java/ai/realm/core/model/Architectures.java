package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The architectures by the name in {@code general.architecture}. */
final class Architectures {
    private static final Map<String, Description> ALL = new TreeMap<>();

    static {
        ALL.put("apertus", LlamaFamily::apertus);
        ALL.put("arcee", LlamaFamily::arcee);
        ALL.put("arctic", LlamaFamily::arctic);
        ALL.put("baichuan", LlamaFamily::baichuan);
        ALL.put("bailingmoe", LlamaFamily::bailingMoe);
        ALL.put("bailingmoe2", LlamaFamily::bailingMoe2);
        ALL.put("bloom", LayerNormFamily::bloom);
        ALL.put("chatglm", LlamaFamily::llama);
        ALL.put("codeshell", LayerNormFamily::starcoder2);
        ALL.put("cohere2", LayerNormFamily::cohere2);
        ALL.put("command-r", LayerNormFamily::commandR);
        ALL.put("dbrx", LayerNormFamily::dbrx);
        ALL.put("deepseek", LlamaFamily::deepseek);
        ALL.put("deepseek2", DeepSeekFamily::deepseek2);
        ALL.put("dots1", LlamaFamily::dots1);
        ALL.put("ernie4_5", LlamaFamily::llama);
        ALL.put("ernie4_5-moe", LlamaFamily::llama);
        ALL.put("exaone", LlamaFamily::qwen2);
        ALL.put("exaone4", LlamaFamily::exaone4);
        ALL.put("falcon", LayerNormFamily::falcon);
        ALL.put("falcon-h1", MambaFamily::falconH1);
        ALL.put("gemma", GemmaFamily::gemma);
        ALL.put("gemma2", GemmaFamily::gemma2);
        ALL.put("gemma3", GemmaFamily::gemma3);
        ALL.put("gemma3n", GemmaFamily::gemma3n);
        ALL.put("gemma4", GemmaFamily::gemma4);
        ALL.put("glm4", LlamaFamily::glm4);
        ALL.put("glm4moe", LlamaFamily::glm4moe);
        ALL.put("gpt-oss", LlamaFamily::gptOss);
        // The name in the files of Ollama's own converter.
        ALL.put("gptoss", LlamaFamily::gptOss);
        ALL.put("gpt2", LayerNormFamily::gpt2);
        ALL.put("gptneox", LayerNormFamily::gptNeoX);
        ALL.put("granite", LlamaFamily::granite);
        ALL.put("granitehybrid", MambaFamily::graniteHybrid);
        ALL.put("granitemoe", LlamaFamily::granite);
        ALL.put("hunyuan-dense", LlamaFamily::hunyuanDense);
        ALL.put("hunyuan-moe", LlamaFamily::hunyuanMoe);
        ALL.put("internlm2", LlamaFamily::llama);
        ALL.put("jais", LayerNormFamily::jais);
        ALL.put("jamba", MambaFamily::jamba);
        ALL.put("lfm2", HybridFamily::lfm2);
        ALL.put("lfm2moe", HybridFamily::lfm2);
        ALL.put("llama", LlamaFamily::llama);
        ALL.put("llama4", LlamaFamily::llama4);
        ALL.put("mamba", MambaFamily::mamba);
        ALL.put("mamba2", MambaFamily::mamba2);
        ALL.put("minicpm", LlamaFamily::miniCpm);
        ALL.put("minicpm3", DeepSeekFamily::miniCpm3);
        ALL.put("minimax-m2", LlamaFamily::minimaxM2);
        ALL.put("mistral3", LlamaFamily::mistral3);
        ALL.put("mistral4", DeepSeekFamily::deepseek2);
        ALL.put("mpt", LayerNormFamily::mpt);
        ALL.put("nemotron", LayerNormFamily::nemotron);
        ALL.put("nemotron_h", MambaFamily::nemotronH);
        ALL.put("nemotron_h_moe", MambaFamily::nemotronH);
        ALL.put("olmo2", LlamaFamily::olmo2);
        ALL.put("olmoe", LlamaFamily::olmoe);
        ALL.put("orion", LayerNormFamily::orion);
        ALL.put("phi2", LayerNormFamily::phi2);
        ALL.put("phi3", LayerNormFamily::phi3);
        ALL.put("phimoe", LlamaFamily::phiMoe);
        ALL.put("qwen2", LlamaFamily::qwen2);
        ALL.put("qwen2moe", LlamaFamily::qwen2moe);
        ALL.put("qwen2vl", LlamaFamily::qwen2);
        ALL.put("qwen3", LlamaFamily::qwen3);
        ALL.put("qwen35", HybridFamily::qwen35);
        ALL.put("qwen35moe", HybridFamily::qwen35);
        ALL.put("qwen3moe", LlamaFamily::qwen3);
        ALL.put("qwen3next", HybridFamily::qwen3next);
        ALL.put("qwen3vl", LlamaFamily::qwen3);
        ALL.put("qwen3vlmoe", LlamaFamily::qwen3);
        ALL.put("refact", LlamaFamily::refact);
        ALL.put("seed_oss", LlamaFamily::seedOss);
        ALL.put("smallthinker", LlamaFamily::smallThinker);
        ALL.put("smollm3", LlamaFamily::smollm3);
        ALL.put("stablelm", LayerNormFamily::stablelm);
        ALL.put("starcoder", LayerNormFamily::gpt2);
        ALL.put("starcoder2", LayerNormFamily::starcoder2);
        ALL.put("xverse", LlamaFamily::llama);
    }

    private Architectures() {
    }

    /** Tells a builder what is peculiar to an architecture and gives it the layers. */
    @FunctionalInterface
    interface Description {
        void describe(DecoderBuilder decoder);
    }

    static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    static Description find(String architecture) {
        Description found = ALL.get(architecture);
        if (Encoders.supported().contains(architecture)) {
            throw new GgufException("key general.architecture is \"" + architecture
                    + "\", an encoder: it makes embeddings and cannot generate text", -1);
        }
        if (found == null) {
            throw new GgufException(
                    "key general.architecture is \"" + architecture + "\"; supported are " + String.join(", ", names()), -1);
        }
        return found;
    }
}
