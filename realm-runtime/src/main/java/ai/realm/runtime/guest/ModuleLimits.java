package ai.realm.runtime.guest;

/**
 * How much of each kind a module may have, so that neither compiling it nor making an instance of it costs more than its size
 * promises. The operator's, for all tenants alike.
 *
 * @param functions functions that it defines
 * @param types function types
 * @param globals globals
 * @param exports exports, and imports
 * @param segments data segments, and element segments
 * @param tables tables
 * @param locals locals in a function
 * @param allLocals locals of all functions: each is set to zero by code that takes a hundred times as much as saying that there are many
 * @param branchTargets entries of all {@code br_table} instructions: a million keep the compiler busy for eight seconds
 * @param nesting how deep blocks are nested
 * @param frameValues locals and values on the stack, summed over the places that can be jumped to: the compiler keeps a note of each
 */
public record ModuleLimits(int functions, int types, int globals, int exports, int segments, int tables, int locals,
        int allLocals,
        int branchTargets, int nesting, int frameValues) {

    public static ModuleLimits defaults() {
        return new ModuleLimits(10_000, 4_096, 4_096, 1_024, 65_536, 16, 4_096, 262_144, 131_072, 1_024, 8 << 20);
    }
}
