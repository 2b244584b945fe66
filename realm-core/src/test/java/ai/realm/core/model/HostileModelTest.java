package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A key with a value that cannot be is refused by name, before anything is sized by it. */
class HostileModelTest {
    private static Compute compute;

    @BeforeAll
    static void open() {
        compute = Compute.open(new Compute.Options(1, ActivationMode.F32, "scalar"));
    }

    @AfterAll
    static void close() {
        compute.close();
    }

    @Test
    void load_oneFileOfSeveralFromMemory_isRefused() throws IOException {
        assertRefused(TinyModel.named("llama").file().u64("split.count", 3), "split.count is 3: this is one of several files");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            general.architecture | clip           | not a model but a projector of images or sound (mmproj)
            general.type         | mmproj         | not a model but a projector of images or sound (mmproj)
            general.type         | adapter        | not a model but an adapter (LoRA) for a model of architecture llama
            adapter.type         | lora           | not a model but an adapter (lora) for a model of architecture llama
            general.type         | imatrix        | not a model but an importance matrix (imatrix)
            general.architecture | controlvector  | not a model but a control vector
            adapter.type         | control_vector | not a model but a control vector
            """)
    void load_whatIsNoModel_isNamedAsWhatItIs(String key, String value, String message) throws IOException {
        GgufBuilder file = TinyModel.named("llama").without(key).string(key, value);
        assertRefused(file, message);
        try (GgufFile gguf = file.open()) {
            assertThatThrownBy(() -> Encoders.load(gguf, compute, 8)).hasMessageContaining(message);
        }
    }

    @Test
    void load_importanceMatrixWithoutAnArchitecture_isNamed() throws IOException {
        assertRefused(new GgufBuilder().strings("imatrix.datasets", java.util.List.of("wiki")).u32("imatrix.chunk_count", 5)
                .tensor("blk.0.attn_q.weight.in_sum2", new float[4], 4), "an importance matrix");
    }

    @Test
    void load_vocabularyAlone_isNamed() throws IOException {
        assertRefused(TinyModel.named("llama").keys(""), "this file has no tensors: it is a vocabulary");
    }

    @Test
    void load_headsThatDifferByLayer_areRefused() throws IOException {
        assertRefused(TinyModel.named("llama").without("llama.attention.head_count")
                .i32s("llama.attention.head_count", new int[]{4, 2}),
                "key llama.attention.head_count is [4, 2]; it must be the same for every layer");
    }

    @Test
    void load_modelWhoseTokensSeeLaterOnes_isRefused() throws IOException {
        assertRefused(TinyModel.named("llama").file().bool("llama.attention.causal", false),
                "key llama.attention.causal is false");
    }

    @ParameterizedTest
    @CsvSource({"attention.key_length_swa", "attention.value_length_swa", "rope.dimension_count_swa"})
    void load_otherSizesInLayersWithAWindow_areRefused(String key) throws IOException {
        assertRefused(TinyModel.named("gemma3").file().u32("gemma3." + key, 16), "key gemma3." + key + " is 16");
    }

    @Test
    void load_numbersOfLayersWithoutAny_areRefused() throws IOException {
        assertRefused(TinyModel.named("apertus").without("xielu.eps").f32s("xielu.eps"),
                "key xielu.eps must have a value for each of 2 layers, not 0");
    }

    private static void assertRefused(GgufBuilder model, String message) throws IOException {
        try (GgufFile file = model.open()) {
            assertThatThrownBy(() -> Models.load(file, compute, new Models.Options(512, 0)).close())
                    .isInstanceOf(RealmException.class).hasMessageContaining(message)
                    .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.MODEL_INVALID);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            llama     | llama.block_count                        | 0             | key llama.block_count must be 1..512, not 0
            llama     | llama.block_count                        | 4294967295    | key llama.block_count must be 1..512
            llama     | llama.block_count                        | 3             | tensor blk.2.attn_q.weight is missing
            baichuan  | baichuan.block_count                     | 33            | key baichuan.block_count is 33; Baichuan has 32 layers
            mpt       | mpt.attention.max_alibi_bias              | -1            | key mpt.attention.max_alibi_bias is -1.0; it must not be negative
            llama     | llama.embedding_length                   | 0             | key llama.embedding_length must be 1..
            llama     | llama.embedding_length                   | 1099511627776 | key llama.embedding_length must be of type uint32, not uint64
            llama     | llama.embedding_length                   | 4194304       | tensor token_embd.weight must have shape [4194304, 160], not [128, 160]
            llama     | llama.attention.head_count               | 0             | key llama.attention.head_count must be 1..4096, not 0
            llama     | llama.attention.head_count               | 4096          | tensor blk.0.attn_q.weight must have shape [128, 131072], not [128, 128]
            llama     | llama.attention.head_count               | 8             | tensor blk.0.attn_q.weight must have shape [128, 256], not [128, 128]
            llama     | llama.attention.head_count_kv            | 0             | layer 0 of this architecture needs at least 1
            llama     | llama.attention.head_count_kv            | 3             | head_count 4 must be a multiple of it
            llama     | llama.attention.head_count_kv            | 5             | head_count_kv must be 0..4, not 5
            llama     | llama.attention.key_length               | 4194304       | key llama.attention.key_length must be 1..8192
            llama     | llama.attention.value_length             | 0             | key llama.attention.value_length must be 1..8192
            llama     | llama.rope.dimension_count               | 31            | key llama.rope.dimension_count is 31; it must be even
            llama     | llama.rope.dimension_count               | 0             | rope.dimension_count is 0
            llama     | llama.rope.dimension_count               | 34            | key llama.rope.dimension_count must be 0..32
            llama     | llama.rope.freq_base                     | 0             | key llama.rope.freq_base must be greater than 0
            llama     | llama.feed_forward_length                | 0             | key llama.feed_forward_length must be 1..
            llama     | llama.feed_forward_length                | 4194304       | tensor blk.0.ffn_down.weight must have shape [4194304, 128]
            llama     | llama.context_length                     | 4294967295    | key llama.context_length must be 1..2147483647, not 4294967295
            llama     | llama.context_length                     | 0             | key llama.context_length must be 1..
            llama     | llama.attention.layer_norm_rms_epsilon   | -1            | it must not be negative
            llama     | general.architecture                     | 7             | key general.architecture must be a string, not an integer
            llama-moe | llama.expert_count                       | 0             | key llama.expert_used_count must be 0..0, not 2
            llama-moe | llama.expert_count                       | 65536         | key llama.expert_count must be 0..1024, not 65536
            llama-moe | llama.expert_used_count                  | 9             | key llama.expert_used_count must be 0..8, not 9
            deepseek2 | deepseek2.expert_group_count             | 3             | expert_count 8 must be a multiple of it
            deepseek2 | deepseek2.expert_group_used_count        | 5             | expert_group_used_count must be 1..4, not 5
            deepseek2 | deepseek2.attention.kv_lora_rank         | 4194304       | kv_lora_rank is 4194304; with the rotated part it must not exceed 8192
            deepseek2 | deepseek2.attention.key_length_mla       | 16            | it must exceed rope.dimension_count 16
            deepseek2 | deepseek2.expert_gating_func             | 9             | key deepseek2.expert_gating_func must be 0..3
            lfm2      | lfm2.shortconv.l_cache                   | 1025          | key lfm2.shortconv.l_cache must be 2..1024
            lfm2      | lfm2.attention.head_count_kv             | 2             | tensor blk.0.attn_
            qwen35    | qwen35.ssm.group_count                   | 3             | it must be a multiple of ssm.group_count 3
            qwen35    | qwen35.ssm.state_size                    | 64            | it must be ssm.state_size 64 times ssm.time_step_rank 4
            qwen35    | qwen35.full_attention_interval           | 0             | key qwen35.full_attention_interval must be 1..
            gemma2    | gemma2.attention.sliding_window          | 4294967295    | key gemma2.attention.sliding_window must be 0..
            llama-moe | llama.expert_count                       | 512           | must have shape [96, 96, 512], not [96, 96, 8]
            llama-moe | llama.expert_used_count                  | 0             | of 8 experts at least one must be used
            llama     | llama.expert_used_count                  | 2             | key llama.expert_used_count must be 0..0, not 2
            llama     | llama.expert_count                       | 8             | the key llama.expert_used_count is missing
            llama     | llama.expert_group_count                 | 2             | key llama.expert_group_count must be 0..0, not 2
            llama     | llama.vocab_size                         | 161           | key llama.vocab_size is 161; tensor token_embd.weight has 160 rows
            gemma4    | gemma4.rope.dimension_count_swa          | 15            | key gemma4.rope.dimension_count_swa is 15; it must be even
            gemma4    | gemma4.rope.dimension_count_swa          | 18            | key gemma4.rope.dimension_count_swa must be 2..16
            gpt2      | gpt2.context_length                      | 513           | tensor position_embd.weight must have shape [128, 513], not [128, 512]
            """)
    void load_valueThatCannotBe_isRefusedByName(String model, String key, long value, String message) throws IOException {
        assertRefused(TinyModel.named(model).file(key, value), message);
    }
}
