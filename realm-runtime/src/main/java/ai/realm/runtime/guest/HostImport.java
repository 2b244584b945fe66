package ai.realm.runtime.guest;

import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.ValType;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The functions that the host offers to guests in module {@code env}, with their signatures: nothing else can be imported. */
enum HostImport {
    GENERATE("realm_host_generate", 6, true),
    RESULT("realm_host_result", 3, true),
    EMIT("realm_host_emit", 2, true),
    TOKENIZE("realm_host_tokenize", 5, true),
    LAST_ERROR("realm_host_last_error", 2, true),
    LOG("realm_host_log", 3, false),
    KV_GET("realm_host_kv_get", 4, true),
    KV_SET("realm_host_kv_set", 4, true),
    KV_DELETE("realm_host_kv_delete", 2, true),
    KV_ADD("realm_host_kv_add", List.of(ValType.I32, ValType.I32, ValType.I64, ValType.I32)),
    KV_SWAP("realm_host_kv_swap", 6, true),
    KV_PUT("realm_host_kv_put", 5, true),
    KV_LIST("realm_host_kv_list", 6, true),
    VEC_SEARCH("realm_host_vec_search", 7, true),
    EMBED("realm_host_embed", 5, true),
    HTTP("realm_host_http", 6, true),
    CONFIG("realm_host_config", 4, true),
    REQUEST("realm_host_request", 2, true),
    PIECES("realm_host_pieces", 3, true),
    RENDER("realm_host_render", 6, true),
    MODEL("realm_host_model", 3, true),
    FINISH("realm_host_finish", 1, true),
    TOOL_CALL("realm_host_tool_call", 6, true),
    EVENT("realm_host_event", 4, true),
    REFUSE("realm_host_refuse", 5, true),
    USAGE("realm_host_usage", 2, true),
    VOCAB("realm_host_vocab", 4, true),
    GRAMMAR("realm_host_grammar", 4, true),
    SEQ_OPEN("realm_host_seq_open", 2, true),
    SEQ_FEED("realm_host_seq_feed", 4, true),
    SEQ_START("realm_host_seq_start", 2, true),
    SEQ_WAIT("realm_host_seq_wait", 3, true),
    SEQ_TAKE("realm_host_seq_take", 3, true),
    SEQ_INFO("realm_host_seq_info", 3, true),
    SEQ_TOP("realm_host_seq_top", 3, true),
    SEQ_SCORE("realm_host_seq_score", 4, true),
    SEQ_FORK("realm_host_seq_fork", 1, true),
    SEQ_ROLLBACK("realm_host_seq_rollback", 2, true),
    SEQ_CLOSE("realm_host_seq_close", 1, true),
    SEQ_GRAMMAR("realm_host_seq_grammar", 2, true),
    SEQ_ALLOWED("realm_host_seq_allowed", 3, true),
    SEQ_MASK("realm_host_seq_mask", 4, true),
    SEQ_BIAS("realm_host_seq_bias", 3, true);

    static final String MODULE = "env";
    private static final String PREFIX = "realm_host_";

    private final String functionName;
    private final FunctionType type;

    HostImport(String functionName, int params, boolean result) {
        this.functionName = functionName;
        this.type = FunctionType.of(Collections.nCopies(params, ValType.I32), result ? List.of(ValType.I32) : List.of());
    }

    HostImport(String functionName, List<ValType> params) {
        this.functionName = functionName;
        this.type = FunctionType.of(params, List.of(ValType.I32));
    }

    /** Whether it is of the sequences that a tenant's guests may steer or not. */
    boolean ofSequences() {
        return this == GRAMMAR || functionName.startsWith("realm_host_seq_");
    }

    String functionName() {
        return functionName;
    }

    FunctionType type() {
        return type;
    }

    static @Nullable HostImport named(String name) {
        return Arrays.stream(values()).filter(i -> i.functionName.equals(name)).findFirst().orElse(null);
    }

    /** All names, what they begin with said once. */
    static String offered() {
        return Arrays.stream(values()).map(i -> i.functionName.substring(PREFIX.length()))
                .collect(Collectors.joining(", ", PREFIX + "{", "}"));
    }
}
