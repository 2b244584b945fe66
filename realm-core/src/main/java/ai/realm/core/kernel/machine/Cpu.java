package ai.realm.core.kernel.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * What the processor can do and the system lets it do, as CPUID and XGETBV say.
 *
 * @param avx512 foundation, byte and word, double and quad word instructions and those for shorter vectors, with their registers saved
 * @param vnni 8-bit dot products ({@code vpdpbusd}) for vectors of 512 bits
 * @param amx products of tiles of signed bytes ({@code tdpbssd}), which this process may use
 */
record Cpu(boolean avx512, boolean vnni, boolean amx) {
    private static final int F = 1 << 16;
    private static final int DQ = 1 << 17;
    private static final int BW = 1 << 30;
    private static final int VL = 1 << 31;
    private static final int VNNI = 1 << 11;
    private static final int AMX = 1 << 24 | 1 << 25;
    private static final int OS_SAVES = 1 << 27;
    /** SSE, AVX, masks and both halves of the registers of AVX-512. */
    private static final int STATE = 0b1110_0110;
    /** Sizes of tiles and the tiles. */
    private static final int TILE_STATE = 0b11 << 17;
    /** Linux's call by which a process asks for state as large as tiles, and what it says. */
    private static final int ARCH_PRCTL = 158;
    private static final int REQUEST_PERMISSION = 0x1023;
    private static final int TILES = 18;

    /** Asks the processor; only where one of x86-64 runs this. */
    static Cpu detect() throws CodeMemory.RefusedException {
        MethodHandle ask = Linker.nativeLinker().downcallHandle(CodeMemory.load(List.of(asking())).getFirst(),
                FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(20, 8);
            ask.invokeExact(answer);
            int leaf1c = answer.getAtIndex(ValueLayout.JAVA_INT, 0);
            int leaf7b = answer.getAtIndex(ValueLayout.JAVA_INT, 1);
            int leaf7c = answer.getAtIndex(ValueLayout.JAVA_INT, 2);
            int state = answer.getAtIndex(ValueLayout.JAVA_INT, 3);
            boolean saved = (leaf1c & OS_SAVES) != 0 && (state & STATE) == STATE;
            int all = F | DQ | BW | VL;
            boolean avx512 = saved && (leaf7b & all) == all;
            boolean tiles = avx512 && (answer.getAtIndex(ValueLayout.JAVA_INT, 4) & AMX) == AMX
                    && (state & TILE_STATE) == TILE_STATE;
            return new Cpu(avx512, avx512 && (leaf7c & VNNI) != 0, tiles && mayUseTiles());
        } catch (Throwable t) {
            throw new IllegalStateException("CPUID could not be called", t);
        }
    }

    /** Asks Linux, which gives the state of tiles only to those who do. */
    private static boolean mayUseTiles() throws Throwable {
        if (!System.getProperty("os.name").equals("Linux")) {
            return false;
        }
        Assembler a = new Assembler();
        a.mov32(Gpr.RAX, ARCH_PRCTL);
        a.mov32(Gpr.RDI, REQUEST_PERMISSION);
        a.mov32(Gpr.RSI, TILES);
        a.syscall();
        a.ret();
        MethodHandle ask = Linker.nativeLinker().downcallHandle(CodeMemory.load(List.of(a.toByteArray())).getFirst(),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG));
        return (long) ask.invokeExact() == 0;
    }

    /** Writes ECX of leaf 1, EBX and ECX of leaf 7 (zero where there is none), XCR0 (zero where it cannot be read) and EDX of leaf 7 to RDI. */
    private static byte[] asking() {
        Assembler a = new Assembler();
        InstructionBuffer.Label no7 = new InstructionBuffer.Label();
        InstructionBuffer.Label noState = new InstructionBuffer.Label();
        a.push(Gpr.RBX);
        a.mov32(Gpr.R9, 0);
        for (int i = 0; i < 5; i++) {
            a.mov32(Address.at(Gpr.RDI, 4 * i), Gpr.R9);
        }
        a.mov32(Gpr.RAX, 0);
        a.cpuid();
        a.mov32(Gpr.R8, Gpr.RAX);
        a.mov32(Gpr.RAX, 1);
        a.mov32(Gpr.RCX, 0);
        a.cpuid();
        a.mov32(Address.at(Gpr.RDI, 0), Gpr.RCX);
        a.mov32(Gpr.R10, Gpr.RCX);
        a.cmp(Gpr.R8, 7);
        a.jump(InstructionBuffer.Condition.L, no7);
        a.mov32(Gpr.RAX, 7);
        a.mov32(Gpr.RCX, 0);
        a.cpuid();
        a.mov32(Address.at(Gpr.RDI, 4), Gpr.RBX);
        a.mov32(Address.at(Gpr.RDI, 8), Gpr.RCX);
        a.mov32(Address.at(Gpr.RDI, 16), Gpr.RDX);
        a.place(no7);
        a.shr(Gpr.R10, 27);
        a.shl(Gpr.R10, 63);
        a.cmp(Gpr.R10, 0);
        a.jump(InstructionBuffer.Condition.Z, noState);
        a.mov32(Gpr.RCX, 0);
        a.xgetbv();
        a.mov32(Address.at(Gpr.RDI, 12), Gpr.RAX);
        a.place(noState);
        a.pop(Gpr.RBX);
        a.ret();
        return a.toByteArray();
    }
}
