package ai.realm.runtime.guest;

import com.dylibso.chicory.compiler.Cache;
import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.runtime.CompiledModule;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.CodeSection;
import com.dylibso.chicory.wasm.types.FunctionBody;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A compiled guest as bytes, from which its code is made again in milliseconds: what the disk keeps, or the heap where there is no
 * disk. The bytes are the server's own; whoever kept them answers for them.
 *
 * @param module the module with empty function bodies and without its custom sections
 * @param symbols what a trap is told with
 * @param classes the compiled classes, as the compiler packs them; none when the guest is a script of the engine
 * @param snapshot what instances begin with; no bytes when they start by themselves
 * @param abiVersion what the first instance said, or {@link #NOT_STARTED}; a restart need not ask again
 */
@SuppressWarnings("ArrayRecordComponent")
record GuestImage(byte[] module, byte[] symbols, byte[] classes, byte[] snapshot, int abiVersion) {
    /** With every change of what is written here, so that older ones are compiled anew. */
    static final String FORMAT = "image-3";
    static final int NOT_STARTED = -1;

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(
                module.length + symbols.length + classes.length + snapshot.length + 20);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            for (byte[] part : new byte[][]{module, symbols, classes, snapshot}) {
                out.writeInt(part.length);
                out.write(part);
            }
            out.writeInt(abiVersion);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static GuestImage decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            return new GuestImage(part(in), part(in), part(in), part(in), in.readInt());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] part(DataInputStream in) throws IOException {
        return in.readNBytes(in.readInt());
    }

    /** What the classes and the module take of the server's memory when they are loaded, as measured: classes are packed here. */
    long loadedBytes() {
        return 16L * classes.length + 6L * module.length + symbols.length + snapshot.length;
    }

    /** @param taken what instances begin with now, or null for what they began with before */
    GuestImage started(int version, @Nullable Snapshot taken) {
        return new GuestImage(module, symbols, classes, taken == null ? snapshot : taken.encode(), version);
    }

    /**
     * Makes code of it; takes milliseconds and no lock.
     *
     * @param engine whose code a script runs on; null for a guest of its own
     * @return null when the snapshot was taken with another engine
     */
    @Nullable
    GuestCode load(@Nullable GuestCode engine) {
        if (engine != null) {
            Snapshot taken = Snapshot.decode(snapshot, engine.snapshot());
            return taken == null ? null : new GuestCode(engine.module(), engine.machines(), engine.symbols(), taken);
        }
        WasmModule parsed = Parser.parse(module);
        Snapshot taken = snapshot.length == 0 ? null : Snapshot.decode(snapshot, null);
        return new GuestCode(withoutCode(parsed, taken), machines(parsed), GuestSymbols.decode(symbols), taken);
    }

    private Function<Instance, Machine> machines(WasmModule parsed) {
        Function<Instance, Machine> factory = MachineFactoryCompiler.builder(parsed)
                .withInterpreterFallback(InterpreterFallback.FAIL).withCache(new Cache() {
                    @Override
                    public byte @Nullable [] get(String key) {
                        return classes;
                    }

                    @Override
                    public void putIfAbsent(String key, byte[] compiled) {
                        throw new IllegalStateException("the classes of a guest were there already");
                    }
                }).compile();
        // The factory itself insists on the very module it was compiled from, which is not kept.
        return factory instanceof CompiledModule compiled ? compiled.machineFactory() : factory;
    }

    /** The same module with no function bodies at all: parsed ones are forty times as large as their bytes. */
    private static WasmModule withoutCode(WasmModule m, @Nullable Snapshot taken) {
        CodeSection.Builder code = CodeSection.builder();
        FunctionBody empty = new FunctionBody(List.of(), List.of());
        for (int i = 0; i < m.codeSection().functionBodyCount(); i++) {
            code.addFunctionBody(empty);
        }
        WasmModule.Builder slim = WasmModule.builder().setTypeSection(m.typeSection()).setImportSection(m.importSection())
                .setFunctionSection(m.functionSection()).setTableSection(m.tableSection()).setGlobalSection(m.globalSection())
                .setExportSection(m.exportSection()).setElementSection(m.elementSection())
                .setDataSection(taken == null ? m.dataSection() : Snapshot.withoutData(m))
                .setCodeSection(code.build()).withValidation(false);
        m.memorySection().ifPresent(slim::setMemorySection);
        m.dataCountSection().ifPresent(slim::setDataCountSection);
        return slim.build();
    }
}
