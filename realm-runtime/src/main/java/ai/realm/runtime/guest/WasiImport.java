package ai.realm.runtime.guest;

import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.ValType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The functions of WASI preview 1 that run-time libraries of languages import (Go's {@code wasip1}, C with wasi-libc, QuickJS), with
 * their signatures. There is no operating system behind them: a clock, random numbers, the log.
 */
enum WasiImport {
    ARGS_GET("ii"),
    ARGS_SIZES_GET("ii"),
    ENVIRON_GET("ii"),
    ENVIRON_SIZES_GET("ii"),
    CLOCK_RES_GET("ii"),
    CLOCK_TIME_GET("iIi"),
    FD_CLOSE("i"),
    FD_FDSTAT_GET("ii"),
    FD_FDSTAT_SET_FLAGS("ii"),
    FD_PRESTAT_GET("ii"),
    FD_PRESTAT_DIR_NAME("iii"),
    FD_READ("iiii"),
    FD_SEEK("iIii"),
    FD_WRITE("iiii"),
    POLL_ONEOFF("iiii"),
    PROC_EXIT("i"),
    RANDOM_GET("ii"),
    SCHED_YIELD("");

    static final String MODULE = "wasi_snapshot_preview1";

    private final FunctionType type;

    /** @param params {@code i} an i32, {@code I} an i64; the result is an error number, but there is none of {@code proc_exit} */
    WasiImport(String params) {
        List<ValType> types = params.chars().mapToObj(c -> c == 'i' ? ValType.I32 : ValType.I64).toList();
        this.type = FunctionType.of(types, name().equals("PROC_EXIT") ? List.of() : List.of(ValType.I32));
    }

    String functionName() {
        return name().toLowerCase(Locale.ROOT);
    }

    FunctionType type() {
        return type;
    }

    static @Nullable WasiImport named(String name) {
        return Arrays.stream(values()).filter(i -> i.functionName().equals(name)).findFirst().orElse(null);
    }

    static String offered() {
        return Arrays.stream(values()).map(WasiImport::functionName).collect(Collectors.joining(", "));
    }
}
