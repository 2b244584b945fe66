package ai.realm.runtime.guest;

import ai.realm.core.error.RealmException;
import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.runtime.TableInstance;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import com.dylibso.chicory.wasm.types.Table;
import com.dylibso.chicory.wasm.types.TableLimits;

/** Makes instances of compiled guests with memory and tables that cannot outgrow the tenant's limits. */
final class InstanceFactory {
    /** A fresh instance; its {@code _initialize} has not run. */
    Instance create(CompiledGuest guest, GuestLimits limits, ImportValues imports) throws RealmException {
        return Instance.builder(guest.module()).withMachineFactory(guest.machines()).withImportValues(imports).withStart(false)
                .withMemoryFactory(wanted -> memory(wanted, limits)).withTableFactory((table, init) -> table(table, init, limits))
                .build();
    }

    private static Memory memory(MemoryLimits wanted, GuestLimits limits) {
        if (wanted.initialPages() > limits.memoryPages()) {
            throw GuestLimit.MEMORY_PAGES.reached(limits.memoryPages() + " pages", wanted.initialPages() + " pages at the start");
        }
        return new ByteArrayMemory(
                new MemoryLimits(wanted.initialPages(), Math.min(wanted.maximumPages(), limits.memoryPages()), false));
    }

    /** A table of its own limits: growing one otherwise changes the limits of the module, and so of the next instance. */
    private static TableInstance table(Table wanted, int init, GuestLimits limits) {
        long min = wanted.limits().min();
        if (min > limits.tableElements()) {
            throw GuestLimit.TABLE_ELEMENTS.reached(limits.tableElements() + " elements", min + " elements at the start");
        }
        return new TableInstance(
                new Table(wanted.elementType(), new TableLimits(min, Math.min(wanted.limits().max(), limits.tableElements()))),
                init);
    }
}
