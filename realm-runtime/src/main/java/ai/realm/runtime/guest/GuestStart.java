package ai.realm.runtime.guest;

import static ai.realm.runtime.guest.GuestMemory.unsigned;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportFunction;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.wasm.types.FunctionType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The first instance of a module, made when it is registered: shows that it can be made, asks which ABI it speaks, and starts it for
 * the snapshot that its requests begin with, if it wants one.
 */
final class GuestStart {
    static final int NEWEST_ABI = 1;
    private static final long[] NOT_PERMITTED = {AbiError.NOT_PERMITTED.code()};
    private static final long[] NOTHING = {};

    private final CompiledGuest guest;
    private final GuestCode code;
    private final GuestLimits limits;
    private final InstanceFactory instances;
    private final String payer;
    private final byte @Nullable [] script;
    private final WasiFunctions wasi;
    private boolean starting;
    private volatile int abiVersion;
    private volatile int found;
    private volatile @Nullable Snapshot snapshot;
    private @Nullable BudgetedMemory memory;

    /**
     * @param payer the tenant whose memory it takes; empty for nobody's
     * @param script what the engine in {@code code} is to run; null when the guest is a module of its own
     */
    GuestStart(CompiledGuest guest, GuestCode code, GuestLimits limits, InstanceFactory instances, String payer,
            byte @Nullable [] script, Supervision supervision) {
        this.guest = guest;
        this.code = code;
        this.limits = limits;
        this.instances = instances;
        this.payer = payer;
        this.script = script;
        this.wasi = new WasiFunctions(new WasiFunctions.Owner() {
            @Override
            public void line(int level, String text) {
            }

            @Override
            public void waiting(boolean now) {
                supervision.waiting(now);
            }

            @Override
            public boolean maySleep() {
                return false;
            }
        });
    }

    int abiVersion() {
        return abiVersion;
    }

    /** What the engine found in the script: bit 0 a function for tokens, 1 that it emits, 2 one for steps, 3 one for schedules. */
    int found() {
        return found;
    }

    /** Null when the module starts in every request. */
    @Nullable
    Snapshot snapshot() {
        return snapshot;
    }

    void run() {
        try {
            Instance instance = instances.create(code, limits, imports(), new Trial(payer), m -> memory = m);
            // A module that is started is asked afterwards: the languages that need it can answer nothing before.
            starting = guest.facts().snapshot();
            if (starting && code.snapshot() == null || script != null) {
                snapshot = start(instance);
            }
            ask(instance);
        } finally {
            if (memory != null) {
                memory.close();
            }
        }
    }

    private Snapshot start(Instance instance) {
        List<int[]> tables = Snapshot.tables(instance);
        if (guest.facts().initialize() && code.snapshot() == null) {
            instance.export("_initialize").apply();
        }
        if (guest.facts().snapshot() && code.snapshot() == null) {
            int answer = (int) instance.export("realm_snapshot").apply()[0];
            if (answer != 0) {
                throw ModuleGate.refused("realm_snapshot returned " + answer + "; wanted: 0");
            }
        }
        if (script != null) {
            evaluate(instance, script);
        }
        List<int[]> after = Snapshot.tables(instance);
        for (int i = 0; i < tables.size(); i++) {
            if (!Arrays.equals(tables.get(i), after.get(i))) {
                throw ModuleGate.refused("table " + i + " has changed before the snapshot was taken, which has no tables");
            }
        }
        return Snapshot.of(instance, code.snapshot());
    }

    private void evaluate(Instance instance, byte[] source) {
        GuestMemory view = new GuestMemory(instance.memory());
        long at = unsigned(instance.export("realm_alloc").apply(source.length + 1L)[0]);
        if (at == 0) {
            throw ModuleGate.refused("there is no memory for the script of " + source.length + " bytes");
        }
        view.write(at, Arrays.copyOf(source, source.length + 1), "script");
        int answer = (int) instance.export("realm_script").apply(at, source.length)[0];
        if (answer < 0) {
            long text = unsigned(instance.export("realm_script_error").apply()[0]);
            String why = Text.strictUtf8(view.readToNul(text, 4096, "error"));
            throw ModuleGate.refused("the script failed: " + Text.printable(why == null ? "" : why.strip(), 400));
        }
        found = answer;
    }

    private record Trial(String tenant) implements BudgetedMemory.Owner {
        @Override
        public void refused(long pages, boolean own) {
        }

        @Override
        public void waiting(boolean now) {
        }
    }

    private void ask(Instance instance) {
        if (guest.facts().abiVersion()) {
            int version = (int) instance.export("realm_abi_version").apply()[0];
            if (version < 0 || version > NEWEST_ABI) {
                throw ModuleGate.refused("realm_abi_version returned " + version + "; wanted: 0 to " + NEWEST_ABI);
            }
            abiVersion = version;
        }
    }

    /** There is no request yet, so nothing can be asked of the host but what every machine has. */
    private ImportValues imports() {
        ImportFunction[] functions = Stream.concat(guest.facts().imported().stream().map(this::closed),
                guest.facts().wasi().stream().map(this::closed)).toArray(ImportFunction[]::new);
        return ImportValues.builder().addFunction(functions).build();
    }

    private HostFunction closed(HostImport function) {
        FunctionType type = function.type();
        return new HostFunction(HostImport.MODULE, function.functionName(), type, (i, args) -> {
            if (!starting) {
                throw forbidden(function.functionName());
            }
            return type.returns().isEmpty() ? NOTHING : NOT_PERMITTED;
        });
    }

    private HostFunction closed(WasiImport function) {
        HostFunction open = wasi.bind(function);
        return new HostFunction(WasiImport.MODULE, function.functionName(), function.type(), (i, args) -> {
            if (!starting) {
                throw forbidden(function.functionName());
            }
            return open.handle().apply(i, args);
        });
    }

    private static GuestAbort forbidden(String name) {
        return new GuestAbort(new RealmException(ErrorCode.GUEST_REFUSED,
                "the module was refused: realm_abi_version must not call " + name));
    }
}
