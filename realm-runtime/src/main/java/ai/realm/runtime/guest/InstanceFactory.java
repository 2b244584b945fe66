package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.TableInstance;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import com.dylibso.chicory.wasm.types.Table;
import com.dylibso.chicory.wasm.types.TableLimits;
import java.util.function.Consumer;

/** Makes instances of compiled guests with memory and tables that cannot outgrow the tenant's limits or the server's budget. */
final class InstanceFactory {
    private final PageBudget pages;

    InstanceFactory(PageBudget pages) {
        this.pages = pages;
    }

    /**
     * A fresh instance, as the snapshot has it when there is one; otherwise its {@code _initialize} has not run.
     *
     * @param owner whose memory it will have
     * @param memory gets the instance's memory as soon as there is one, to be closed whatever happens next
     */
    Instance create(GuestCode guest, GuestLimits limits, ImportValues imports, BudgetedMemory.Owner owner,
            Consumer<BudgetedMemory> memory) {
        Snapshot begin = guest.snapshot();
        Instance made = Instance.builder(guest.module()).withMachineFactory(guest.machines()).withImportValues(imports)
                .withStart(false)
                .withMemoryFactory(wanted -> {
                    BudgetedMemory fresh = memory(wanted, begin == null ? 0 : begin.pages(), limits, owner);
                    memory.accept(fresh);
                    return fresh;
                }).withTableFactory((table, init) -> table(table, init, limits)).build();
        if (begin != null) {
            begin.restore(made);
        }
        return made;
    }

    private BudgetedMemory memory(MemoryLimits wanted, int least, GuestLimits limits, BudgetedMemory.Owner owner) {
        int initial = Math.max(wanted.initialPages(), least);
        if (initial > limits.memoryPages()) {
            throw GuestLimit.MEMORY_PAGES.reached(limits.memoryPages() + " pages", initial + " pages at the start");
        }
        if (!pages.take(owner.tenant(), initial, owner)) {
            throw new RealmException(ErrorCode.OVERLOADED, "the memory of guests is in use: "
                    + pages.pages().describe(owner.tenant(), "pages") + ", " + initial + " wanted");
        }
        return new BudgetedMemory(new MemoryLimits(initial, Math.min(wanted.maximumPages(), limits.memoryPages()), false), pages,
                owner);
    }

    /** A table of its own limits: growing one otherwise changes the limits of the module, and so of the next instance. */
    private static TableInstance table(Table wanted, int init, GuestLimits limits) {
        long min = wanted.limits().min();
        if (min > limits.tableElements()) {
            throw GuestLimit.TABLE_ELEMENTS.reached(limits.tableElements() + " elements", min + " elements at the start");
        }
        return new WatchedTable(
                new Table(wanted.elementType(), new TableLimits(min, Math.min(wanted.limits().max(), limits.tableElements()))),
                init);
    }
}
