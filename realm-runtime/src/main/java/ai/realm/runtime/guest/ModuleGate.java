package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.Export;
import com.dylibso.chicory.wasm.types.ExternalType;
import com.dylibso.chicory.wasm.types.FunctionImport;
import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.Import;
import com.dylibso.chicory.wasm.types.Instruction;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import com.dylibso.chicory.wasm.types.MemorySection;
import com.dylibso.chicory.wasm.types.TagSection;
import com.dylibso.chicory.wasm.types.ValType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides whether a parsed module, whose code {@link CodeScan} let pass, may run at all: what it imports and exports, and that
 * nothing in it is of a size that makes an instance expensive. Every refusal names what was found and what is wanted.
 */
final class ModuleGate {
    private static final FunctionType GENERATE = type(4, true);
    private static final FunctionType ALLOC = type(1, true);
    private static final FunctionType FREE = type(2, false);
    private static final FunctionType ON_TOKEN = type(2, true);
    private static final FunctionType ON_STEP = type(3, true);
    private static final FunctionType ON_SCHEDULE = type(2, true);
    private static final FunctionType ABI_VERSION = type(0, true);
    private static final FunctionType INITIALIZE = type(0, false);
    private static final FunctionType SNAPSHOT = type(0, true);

    private final WasmModule module;
    private final int importedFunctions;
    private final ModuleLimits limits;

    private ModuleGate(WasmModule module, ModuleLimits limits) {
        this.module = module;
        this.limits = limits;
        this.importedFunctions = module.importSection().count(ExternalType.FUNCTION);
    }

    /**
     * Which of the optional parts of the ABI a module has, and its sizes.
     *
     * @param seesTokens it sees text before the client does, or sends some itself
     */
    record Facts(boolean alloc, boolean free, boolean onToken, boolean onStep, boolean abiVersion, boolean initialize,
            boolean snapshot, boolean onSchedule, boolean seesTokens, Set<HostImport> imported,
            Set<WasiImport> wasi,
            int memoryPages, int maxMemoryPages, int tableElements, int functions, List<String> imports, List<String> exports) {

        /** A script's, whose engine has functions for tokens whether the script does or not. */
        Facts ofScript(boolean tokens, boolean steps, boolean emits, boolean schedules) {
            return new Facts(alloc, free, tokens, steps, abiVersion, initialize, snapshot, schedules, tokens || steps || emits,
                    imported, wasi, memoryPages,
                    maxMemoryPages, tableElements, functions, imports, exports);
        }
    }

    static Facts check(WasmModule module, ModuleLimits limits) {
        return new ModuleGate(module, limits).facts();
    }

    static RealmException refused(String message) {
        return new RealmException(ErrorCode.GUEST_REFUSED, "the module was refused: " + message);
    }

    private static FunctionType type(int params, boolean result) {
        return FunctionType.of(java.util.Collections.nCopies(params, ValType.I32), result ? List.of(ValType.I32) : List.of());
    }

    private Facts facts() {
        sizes();
        names();
        types();
        Set<WasiImport> wasi = EnumSet.noneOf(WasiImport.class);
        Set<HostImport> imported = imports(wasi);
        MemoryLimits memory = memory();
        int tableElements = tables();
        globals();
        module.startSection().ifPresent(s -> {
            throw refused("it has a start section (function " + s.startIndex() + "); wanted: none, export _initialize instead");
        });
        if (module.tagSection().map(TagSection::tagCount).orElse(0) > 0) {
            throw refused("it has exception tags; wanted: none");
        }
        for (int i = 0; i < module.codeSection().functionBodyCount(); i++) {
            int index = importedFunctions + i;
            module.codeSection().getFunctionBody(i).localTypes().forEach(v -> plain(v, "a local of function " + index));
        }
        requireMemoryExport();
        requireFunction("generate", GENERATE);
        boolean max = memory.maximumPages() < MemoryLimits.MAX_PAGES;
        boolean onToken = optional("on_token", ON_TOKEN);
        boolean onStep = optional("on_step", ON_STEP);
        return new Facts(optional("realm_alloc", ALLOC), optional("realm_free", FREE), onToken, onStep,
                optional("realm_abi_version", ABI_VERSION), optional("_initialize", INITIALIZE),
                optional("realm_snapshot", SNAPSHOT), optional("on_schedule", ON_SCHEDULE),
                onToken || onStep || imported.contains(HostImport.EMIT), imported, wasi,
                memory.initialPages(),
                max ? memory.maximumPages() : -1, tableElements, module.functionSection().functionCount(), describeImports(),
                describeExports());
    }

    private void sizes() {
        atMost("functions", module.functionSection().functionCount(), limits.functions());
        atMost("types", module.typeSection().subTypeCount(), limits.types());
        atMost("globals", module.globalSection().globalCount(), limits.globals());
        atMost("exports", module.exportSection().exportCount(), limits.exports());
        atMost("data segments", module.dataSection().dataSegmentCount(), limits.segments());
        atMost("element segments", module.elementSection().elementCount(), limits.segments());
        atMost("tables", module.tableSection().tableCount(), limits.tables());
        atMost("imports", module.importSection().importCount(), limits.exports());
    }

    /** The parser replaces what is not UTF-8 in a name. */
    private void names() {
        boolean broken = module.importSection().stream().anyMatch(i -> (i.module() + i.name()).indexOf('\uFFFD') >= 0);
        for (int i = 0; i < module.exportSection().exportCount(); i++) {
            broken |= module.exportSection().getExport(i).name().indexOf('\uFFFD') >= 0;
        }
        if (broken) {
            throw refused("the name of an import or export is not UTF-8");
        }
    }

    private static void atMost(String what, int found, int limit) {
        if (found > limit) {
            throw refused("it has " + found + " " + what + "; wanted: at most " + limit);
        }
    }

    private void types() {
        int count = module.typeSection().subTypeCount();
        for (int i = 0; i < count; i++) {
            FunctionType type = functionType(i);
            type.params().forEach(v -> plain(v, "a parameter"));
            type.returns().forEach(v -> plain(v, "a result"));
        }
    }

    private FunctionType functionType(int index) {
        FunctionType type = module.typeSection().getType(index);
        if (type == null) {
            throw refused("type " + index + " is a struct or an array; wanted: function types only, no garbage collection");
        }
        return type;
    }

    /** A number or a reference that needs no garbage collection. */
    private static void plain(ValType type, String where) {
        boolean number = type.isNumeric() && type.opcode() != ValType.V128.opcode();
        if (!number && !type.equals(ValType.FuncRef) && !type.equals(ValType.ExternRef)) {
            throw refused(where + " has type " + type + "; wanted: i32, i64, f32, f64, funcref or externref");
        }
    }

    private Set<HostImport> imports(Set<WasiImport> wasi) {
        Set<HostImport> imported = EnumSet.noneOf(HostImport.class);
        for (int i = 0; i < module.importSection().importCount(); i++) {
            Import wanted = module.importSection().getImport(i);
            if (wanted.module().equals(WasiImport.MODULE) && wanted instanceof FunctionImport function) {
                wasi.add(offered(wanted, function));
            } else {
                imported.add(offered(wanted));
            }
        }
        return imported;
    }

    private WasiImport offered(Import wanted, FunctionImport function) {
        WasiImport known = WasiImport.named(wanted.name());
        String name = Text.printable(wanted.module() + "." + wanted.name(), 100);
        if (known == null) {
            throw refused("it imports " + name + " (function), which the host does not offer; offered in module "
                    + WasiImport.MODULE + ": " + WasiImport.offered());
        }
        FunctionType found = functionType(function.typeIndex());
        if (!found.equals(known.type())) {
            throw refused("import " + name + " has signature " + signature(found) + "; wanted: " + signature(known.type()));
        }
        return known;
    }

    private HostImport offered(Import wanted) {
        String name = wanted.module() + "." + wanted.name();
        if (wanted.importType() == ExternalType.MEMORY) {
            throw refused("it imports its memory (" + name + "); wanted: one memory of its own, exported as memory");
        }
        HostImport known = wanted.module().equals(HostImport.MODULE) ? HostImport.named(wanted.name()) : null;
        if (known == null || !(wanted instanceof FunctionImport function)) {
            throw refused("it imports " + Text.printable(name, 100) + " (" + kind(wanted.importType())
                    + "), which the host does not offer; offered in module env: " + HostImport.offered());
        }
        FunctionType found = functionType(function.typeIndex());
        if (!found.equals(known.type())) {
            throw refused("import " + name + " has signature " + signature(found) + "; wanted: " + signature(known.type()));
        }
        return known;
    }

    private MemoryLimits memory() {
        int count = module.memorySection().map(MemorySection::memoryCount).orElse(0);
        if (count != 1) {
            throw refused(
                    "it has " + (count == 0 ? "no memory" : count + " memories") + "; wanted: exactly one, exported as memory");
        }
        MemoryLimits size = module.memorySection().orElseThrow().getMemory(0).limits();
        if (size.shared()) {
            throw refused("its memory is shared; wanted: one that is not, threads are not offered");
        }
        return size;
    }

    private int tables() {
        long elements = 0;
        for (int i = 0; i < module.tableSection().tableCount(); i++) {
            plain(module.tableSection().getTable(i).elementType(), "table " + i);
            constant(module.tableSection().getTable(i).initialize(), "table " + i);
            elements += module.tableSection().getTable(i).limits().min();
        }
        return (int) Math.min(Integer.MAX_VALUE, elements);
    }

    private void globals() {
        for (int i = 0; i < module.globalSection().globalCount(); i++) {
            plain(module.globalSection().getGlobal(i).valueType(), "global " + i);
            constant(module.globalSection().getGlobal(i).initInstructions(), "global " + i);
        }
    }

    private static void constant(List<Instruction> instructions, String where) {
        for (Instruction instruction : instructions) {
            if (!CodeScan.isAllowed(instruction.opcode())) {
                throw refused("the initial value of " + where + " uses " + instruction.opcode()
                        + ", which is outside the instructions allowed");
            }
        }
    }

    private void requireMemoryExport() {
        Export export = export("memory");
        if (export == null) {
            throw refused("it exports no memory; wanted: export memory, its one memory");
        }
        if (export.exportType() != ExternalType.MEMORY) {
            throw refused("export memory is a " + kind(export.exportType()) + "; wanted: its one memory");
        }
    }

    private void requireFunction(String name, FunctionType wanted) {
        if (!optional(name, wanted)) {
            throw refused("it does not export " + name + "; wanted: " + name + " " + signature(wanted));
        }
    }

    private boolean optional(String name, FunctionType wanted) {
        Export export = export(name);
        if (export == null) {
            return false;
        }
        if (export.exportType() != ExternalType.FUNCTION) {
            throw refused("export " + name + " is a " + kind(export.exportType()) + "; wanted: function " + signature(wanted));
        }
        FunctionType found = typeOf(export.index());
        if (!found.equals(wanted)) {
            throw refused("export " + name + " has signature " + signature(found) + "; wanted: " + signature(wanted));
        }
        return true;
    }

    private @org.jspecify.annotations.Nullable Export export(String name) {
        for (int i = 0; i < module.exportSection().exportCount(); i++) {
            Export export = module.exportSection().getExport(i);
            if (export.name().equals(name)) {
                return export;
            }
        }
        return null;
    }

    private FunctionType typeOf(int function) {
        if (function < importedFunctions) {
            FunctionImport imported = (FunctionImport) module.importSection().stream()
                    .filter(i -> i.importType() == ExternalType.FUNCTION).skip(function).findFirst().orElseThrow();
            return functionType(imported.typeIndex());
        }
        int own = function - importedFunctions;
        if (own >= module.functionSection().functionCount()) {
            throw refused("an export names function " + function + ", which does not exist");
        }
        return functionType(module.functionSection().getFunctionType(own));
    }

    private List<String> describeImports() {
        return module.importSection().stream()
                .map(i -> i.module() + "." + i.name() + " " + signature(functionType(((FunctionImport) i).typeIndex()))).toList();
    }

    private List<String> describeExports() {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < module.exportSection().exportCount(); i++) {
            Export export = module.exportSection().getExport(i);
            String name = Text.printable(export.name(), 100);
            all.add(export.exportType() == ExternalType.FUNCTION
                    ? name + " " + signature(typeOf(export.index()))
                    : name + ": " + kind(export.exportType()));
        }
        return all;
    }

    private static String kind(ExternalType type) {
        return switch (type) {
            case FUNCTION -> "function";
            case TABLE -> "table";
            case MEMORY -> "memory";
            case GLOBAL -> "global";
            case TAG -> "tag";
        };
    }

    static String signature(FunctionType type) {
        return "(" + names(type.params()) + ") -> (" + names(type.returns()) + ")";
    }

    private static String names(List<ValType> types) {
        return types.stream().map(t -> t.name().toLowerCase(java.util.Locale.ROOT)).collect(Collectors.joining(", "));
    }
}
