package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.dylibso.chicory.compiler.Cache;
import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.ExternalType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Turns bytes into a {@link CompiledGuest}: parse, gate, compile, on threads of its own, so many at a time and one for each
 * tenant. Neither the parser nor the compiler heeds interrupts, so {@link CodeScan} bounds beforehand what they can be made to
 * do. A thread whose module was given up ends by itself soon; until then its place is taken and its tenant's next module waits.
 * What a module may take is processor time; how long that lasts is the machine's affair.
 */
final class GuestCompiler {
    private static final String NAMES = "name";
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
    private final ModuleLimits limits;

    GuestCompiler(GuestListener listener, @Nullable CompiledCache cache, ModuleLimits limits) {
        this.listener = listener;
        this.cache = cache;
        this.limits = limits;
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
        return "chicory-" + pom.getProperty("version", "unknown") + "/" + GuestImage.FORMAT;
    }

    /**
     * @param tenant whose module it is: it waits for the tenant's others, and for one of other tenants at most as long as they compile
     * @param digest SHA-256 of {@code wasm}
     * @param limit processor time
     */
    CompiledGuest compile(String tenant, byte[] wasm, String digest, Duration limit) {
        long patience = System.nanoTime() + PATIENCE_NANOS;
        CompilerQueue.Place place = place(tenant);
        CompletableFuture<CompiledGuest> result = new CompletableFuture<>();
        Thread thread = new Thread(null, () -> {
            try (place) {
                result.complete(contained(wasm, digest));
            } catch (RealmException e) {
                result.completeExceptionally(e);
            }
        }, "realm-guest-compiler-" + names.incrementAndGet(), STACK_BYTES, false);
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            // The system has no more threads; who else would give the place back?
            place.close();
            throw new RealmException(ErrorCode.OVERLOADED, "the server has no thread to compile a guest; try again", e);
        }
        return await(thread, result, limit, patience);
    }

    /** A tenant's place among those that compile, or do what takes as long. */
    CompilerQueue.Place place(String tenant) {
        return queue.enter(tenant, PATIENCE_NANOS);
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
        String fault = CodeScan.check(wasm, limits);
        WasmModule parsed = Parser.parse(wasm);
        if (fault != null) {
            throw ModuleGate.refused("its code cannot be checked: " + fault);
        }
        ModuleGate.Facts facts = ModuleGate.check(parsed, limits);
        byte[] kept = cache == null ? null : cache.get(digest);
        GuestImage image = kept == null ? compiled(parsed, wasm) : GuestImage.decode(kept);
        GuestCode code = image.load(null);
        long nanos = System.nanoTime() - begin;
        listener.compiled(digest, nanos);
        GuestReport report = new GuestReport(digest, wasm.length, facts.imports(), facts.exports(), 0, facts.memoryPages(),
                facts.maxMemoryPages(), facts.tableElements(), facts.functions(), facts.seesTokens(), nanos);
        return new CompiledGuest(report, facts, code, image, image.loadedBytes(), null, digest);
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
    private static GuestImage compiled(WasmModule module, byte[] wasm) {
        byte[][] packed = new byte[1][];
        MachineFactoryCompiler.builder(module).withInterpreterFallback(InterpreterFallback.FAIL).withCache(new Cache() {
            @Override
            public byte @Nullable [] get(String key) {
                return null;
            }

            @Override
            public void putIfAbsent(String key, byte[] classes) {
                packed[0] = classes;
            }
        }).compile();
        int imported = module.importSection().count(ExternalType.FUNCTION);
        byte[] names = WasmSections.custom(wasm, NAMES);
        return new GuestImage(WasmSections.withoutCode(wasm),
                GuestSymbols.of(module, imported, names == null ? new byte[0] : names).encode(),
                TrapLines.add(packed[0], module, imported), new byte[0], GuestImage.NOT_STARTED);
    }
}
