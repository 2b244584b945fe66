package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.WasmModule;
import java.util.function.Function;

/**
 * A module ready to be instantiated: its sections without the parsed code, and the classes that the code became. Immutable,
 * shared by all tenants with the same bytes.
 */
record CompiledGuest(GuestReport report, ModuleGate.Facts facts, WasmModule module, Function<Instance, Machine> machines)
        implements
            GuestModule {

    @Override
    public String digest() {
        return report.digest();
    }

    @Override
    public int abiVersion() {
        return report.abiVersion();
    }

    /** Limits differ between tenants that share the code, so they are checked for each. */
    void requireWithin(GuestLimits limits) {
        if (report.moduleBytes() > limits.moduleBytes()) {
            throw GuestLimit.MODULE_BYTES.reached(limits.moduleBytes() + " bytes", report.moduleBytes() + " bytes");
        }
        if (report.memoryPages() > limits.memoryPages()) {
            throw refused(GuestLimit.MEMORY_PAGES, "its memory starts with " + report.memoryPages() + " pages",
                    limits.memoryPages());
        }
        if (report.tableElements() > limits.tableElements()) {
            throw refused(GuestLimit.TABLE_ELEMENTS, "its tables start with " + report.tableElements() + " elements",
                    limits.tableElements());
        }
    }

    private static GuestLimitException refused(GuestLimit limit, String what, int wanted) {
        return new GuestLimitException(limit, ErrorCode.GUEST_REFUSED, "the module was refused: " + what + "; wanted: at most "
                + wanted + " (" + limit.setting() + ")");
    }

    static CompiledGuest of(GuestModule module) {
        if (module instanceof CompiledGuest compiled) {
            return compiled;
        }
        throw new IllegalArgumentException("a guest module must come from this host's register, not " + module.getClass());
    }

    /** The same with what warming found. */
    CompiledGuest warmed(int abiVersion, long compileNanos) throws RealmException {
        GuestReport r = report;
        return new CompiledGuest(
                new GuestReport(r.digest(), r.moduleBytes(), r.imports(), r.exports(), abiVersion, r.memoryPages(),
                        r.maxMemoryPages(), r.tableElements(), r.functions(), r.seesTokens(), compileNanos),
                facts, module, machines);
    }
}
