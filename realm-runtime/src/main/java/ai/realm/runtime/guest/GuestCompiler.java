package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.runtime.CompiledModule;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.CodeSection;
import com.dylibso.chicory.wasm.types.FunctionBody;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Turns bytes into a {@link CompiledGuest}: parse, gate, compile, on threads of its own, so many at a time and one for each tenant.
 * Neither the parser nor the compiler heeds interrupts, so {@link CodeScan} bounds beforehand what they can be made to do: a thread
 * whose module was given up ends by itself soon, and until then its place is taken and its tenant's next module waits. What a module
 * may take is processor time; how long that lasts is the machine's affair.
 */
final class GuestCompiler {
    private static final int PARALLEL = 2;
    private static final long STACK_BYTES = 16 << 20;
    private static final byte[] MAGIC = {0, 'a', 's', 'm'};
    private static final int HEADER_BYTES = 8;
    /** The component model's version and layer, where a module has its version. */
    private static final int COMPONENT = 0x1000d;
    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

    static final String COMPILER = compilerVersion();

    /** Longer than any module takes on a machine that does anything at all. */
    static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final long LOOK_MILLIS = 20;

    private final CompilerQueue queue = new CompilerQueue(PARALLEL);
    private final AtomicInteger names = new AtomicInteger();
    private final GuestListener listener;
    private final @Nullable CompiledCache cache;

    GuestCompiler(GuestListener listener, @Nullable CompiledCache cache) {
        this.listener = listener;
        this.cache = cache;
    }

    /** Compiled classes are only good for the version that compiled them. */
    private static String compilerVersion() {
        Properties pom = new Properties();
        try (InputStream in = MachineFactoryCompiler.class
                .getResourceAsStream("/META-INF/maven/com.dylibso.chicory/compiler/pom.properties")) {
            if (in != null) {
                pom.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the compiler's version cannot be read", e);
        }
        return "chicory-" + pom.getProperty("version", "unknown");
    }

    /**
     * @param tenant whose module it is: it waits for the tenant's others, and for one of other tenants at most as long as they compile
     * @param digest SHA-256 of {@code wasm}
     * @param limit processor time
     */
    CompiledGuest compile(String tenant, byte[] wasm, String digest, Duration limit) {
        long patience = System.nanoTime() + PATIENCE_NANOS;
        CompilerQueue.Place place = queue.enter(tenant, PATIENCE_NANOS);
        CompletableFuture<CompiledGuest> result = new CompletableFuture<>();
        Thread thread = new Thread(null, () -> {
            try (place) {
                result.complete(contained(wasm, digest));
            } catch (RealmException e) {
                result.completeExceptionally(e);
            }
        }, "realm-guest-compiler-" + names.incrementAndGet(), STACK_BYTES, false);
        thread.setDaemon(true);
        thread.start();
        return await(thread, result, limit, patience);
    }

    private static CompiledGuest await(Thread thread, CompletableFuture<CompiledGuest> result, Duration limit, long patience) {
        while (true) {
            try {
                return result.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                if (Watchdog.cpuNanos(thread) > limit.toNanos()) {
                    throw GuestLimit.COMPILE_TIME.reached(limit.toMillis() + " ms",
                            "more than " + limit.toMillis() + " ms of processor time");
                }
                if (System.nanoTime() - patience > 0) {
                    throw new RealmException(ErrorCode.OVERLOADED,
                            "the server is too busy to compile a guest; it was not refused, try again");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new RealmException(ErrorCode.CANCELLED, "interrupted while a guest was compiled", e);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RealmException refused) {
                    throw refused;
                }
                throw new RealmException(ErrorCode.INTERNAL, "compiling a guest failed: " + e.getCause(), e);
            }
        }
    }

    /** Malformed bytes make the parser and the compiler throw anything; all of it means the same. */
    private CompiledGuest contained(byte[] wasm, String digest) {
        try {
            return build(wasm, digest);
        } catch (RealmException e) {
            throw e;
        } catch (RuntimeException | Error e) {
            throw new RealmException(ErrorCode.GUEST_REFUSED, "the module was refused: " + describe(e), e);
        }
    }

    static String describe(Throwable e) {
        String message = e.getMessage();
        String kind = e.getClass().getSimpleName();
        return Text.printable(message == null || message.isBlank() ? kind : kind + ": " + message, 300);
    }

    private CompiledGuest build(byte[] wasm, String digest) {
        requireModule(wasm);
        long begin = System.nanoTime();
        String fault = CodeScan.check(wasm);
        WasmModule parsed = Parser.parse(wasm);
        if (fault != null) {
            throw ModuleGate.refused("its code cannot be checked: " + fault);
        }
        ModuleGate.Facts facts = ModuleGate.check(parsed);
        Function<Instance, Machine> machines = machines(parsed);
        long nanos = System.nanoTime() - begin;
        listener.compiled(digest, nanos);
        GuestReport report = new GuestReport(digest, wasm.length, facts.imports(), facts.exports(), 0, facts.memoryPages(),
                facts.maxMemoryPages(), facts.tableElements(), facts.functions(), facts.seesTokens(), nanos);
        return new CompiledGuest(report, facts, withoutCode(parsed), machines);
    }

    /** What authors push by mistake, named for what it is: a source, a component. */
    private static void requireModule(byte[] wasm) {
        if (wasm.length < HEADER_BYTES || !Arrays.equals(wasm, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            byte[] first = Arrays.copyOf(wasm, Math.min(wasm.length, MAGIC.length));
            throw ModuleGate
                    .refused("it is not WebAssembly, it begins with " + (first.length == 0 ? "nothing" : HEX.formatHex(first))
                            + "; wanted: " + HEX.formatHex(MAGIC) + ", what a compiler makes of a source");
        }
        int version = ByteBuffer.wrap(wasm).order(ByteOrder.LITTLE_ENDIAN).getInt(MAGIC.length);
        if (version != 1) {
            throw ModuleGate
                    .refused((version == COMPONENT ? "it is a component" : "it has version " + Integer.toUnsignedString(version))
                            + "; wanted: a core module, version 1");
        }
    }

    /** The interpreter cannot be stopped in every loop, so what cannot be compiled is refused. */
    private Function<Instance, Machine> machines(WasmModule module) {
        MachineFactoryCompiler.Builder builder = MachineFactoryCompiler.builder(module)
                .withInterpreterFallback(InterpreterFallback.FAIL);
        Function<Instance, Machine> factory = (cache == null ? builder : builder.withCache(cache)).compile();
        // The factory itself insists on the very module it was compiled from, which is not kept.
        return factory instanceof CompiledModule compiled ? compiled.machineFactory() : factory;
    }

    /** The same module with empty function bodies: the parsed code is forty times as large as the bytes, and no longer needed. */
    private static WasmModule withoutCode(WasmModule m) {
        CodeSection.Builder code = CodeSection.builder();
        FunctionBody empty = new FunctionBody(List.of(), List.of());
        for (int i = 0; i < m.codeSection().functionBodyCount(); i++) {
            code.addFunctionBody(empty);
        }
        WasmModule.Builder slim = WasmModule.builder().setTypeSection(m.typeSection()).setImportSection(m.importSection())
                .setFunctionSection(m.functionSection()).setTableSection(m.tableSection()).setGlobalSection(m.globalSection())
                .setExportSection(m.exportSection()).setElementSection(m.elementSection()).setDataSection(m.dataSection())
                .setCodeSection(code.build()).withValidation(false);
        m.memorySection().ifPresent(slim::setMemorySection);
        m.dataCountSection().ifPresent(slim::setDataCountSection);
        return slim.build();
    }
}
