package ai.realm.runtime.guest;

import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.WasmModule;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What instances of a guest are made of: its sections without the code, and the classes that the code became. Immutable. Whoever
 * runs it holds it; the snapshot is what its instances begin with, null when they start by themselves; {@link CodeShelf} lets go of it when nobody has for long.
 */
record GuestCode(WasmModule module, Function<Instance, Machine> machines, GuestSymbols symbols,
        @Nullable Snapshot snapshot) {}
