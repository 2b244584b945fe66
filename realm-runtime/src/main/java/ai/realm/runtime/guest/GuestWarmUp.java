package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportFunction;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.wasm.types.FunctionType;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The first instance of a module, made when it is registered: shows that it can be made, and asks which ABI it speaks. */
final class GuestWarmUp {
    static final int NEWEST_ABI = 1;

    private final CompiledGuest guest;
    private final GuestCode code;
    private final GuestLimits limits;
    private final InstanceFactory instances;
    private volatile int abiVersion;
    private @Nullable BudgetedMemory memory;

    GuestWarmUp(CompiledGuest guest, GuestCode code, GuestLimits limits, InstanceFactory instances) {
        this.guest = guest;
        this.code = code;
        this.limits = limits;
        this.instances = instances;
    }

    int abiVersion() {
        return abiVersion;
    }

    void run() {
        try {
            ask(instances.create(code, limits, nothingPermitted(), new Trial(), m -> memory = m));
        } finally {
            if (memory != null) {
                memory.close();
            }
        }
    }

    /** It is nobody's: a tenant whose requests have all that it may can still push what mends them. */
    private static final class Trial implements BudgetedMemory.Owner {
        @Override
        public String tenant() {
            return "";
        }

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

    /** There is no request yet, so nothing can be asked of the host. */
    private ImportValues nothingPermitted() {
        ImportFunction[] functions = Stream.concat(
                guest.facts().imported().stream().map(f -> forbidden(HostImport.MODULE, f.functionName(), f.type())),
                guest.facts().wasi().stream().map(f -> forbidden(WasiImport.MODULE, f.functionName(), f.type())))
                .toArray(ImportFunction[]::new);
        return ImportValues.builder().addFunction(functions).build();
    }

    private static HostFunction forbidden(String module, String name, FunctionType type) {
        return new HostFunction(module, name, type, (i, args) -> {
            throw new GuestAbort(new RealmException(ErrorCode.GUEST_REFUSED,
                    "the module was refused: realm_abi_version must not call " + name));
        });
    }
}
