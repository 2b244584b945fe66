package ai.realm.core.kernel.machine;

/** Writes the instructions with general registers that the kernels need, named as Intel names them, destination first. Not thread-safe. */
class GeneralAssembler extends InstructionBuffer {
    void mov(Gpr to, Gpr from) {
        rex(true, from, null, to);
        bytes(0x89, 0xc0 | (from.ordinal() & 7) << 3 | to.ordinal() & 7);
        line("mov %s, %s", to, from);
    }

    /** Loads 32 bits into the lower half and zeros the upper. */
    void mov32(Gpr to, int value) {
        rex(false, null, null, to);
        bytes(0xb8 | to.ordinal() & 7);
        int32(value);
        line("mov %s, %d", to.lower(), value);
    }

    void mov(Gpr to, Address from) {
        general(true, 0x8b, to, from);
        line("mov %s, qword ptr %s", to, from);
    }

    void mov32(Address to, Gpr from) {
        general(false, 0x89, from, to);
        line("mov dword ptr %s, %s", to, from.lower());
    }

    void lea(Gpr to, Address from) {
        general(true, 0x8d, to, from);
        line("lea %s, %s", to, from);
    }

    void add(Gpr to, Gpr from) {
        rex(true, from, null, to);
        bytes(0x01, 0xc0 | (from.ordinal() & 7) << 3 | to.ordinal() & 7);
        line("add %s, %s", to, from);
    }

    void add(Gpr to, int value) {
        immediate(0, to, value);
        line("add %s, %d", to, value);
    }

    void sub(Gpr to, int value) {
        immediate(5, to, value);
        line("sub %s, %d", to, value);
    }

    void cmp(Gpr a, int value) {
        immediate(7, a, value);
        line("cmp %s, %d", a, value);
    }

    private void immediate(int operation, Gpr to, int value) {
        rex(true, null, null, to);
        boolean small = value == (byte) value;
        if (!small && to == Gpr.RAX) {
            bytes(0x05 | operation << 3);
        } else {
            bytes(small ? 0x83 : 0x81, 0xc0 | operation << 3 | to.ordinal() & 7);
        }
        if (small) {
            bytes(value);
        } else {
            int32(value);
        }
    }

    void shl(Gpr to, int bits) {
        shift(4, to, bits);
        line("shl %s, %d", to, bits);
    }

    void shr(Gpr to, int bits) {
        shift(5, to, bits);
        line("shr %s, %d", to, bits);
    }

    private void shift(int operation, Gpr to, int bits) {
        rex(true, null, null, to);
        if (bits == 1) {
            bytes(0xd1, 0xc0 | operation << 3 | to.ordinal() & 7);
        } else {
            bytes(0xc1, 0xc0 | operation << 3 | to.ordinal() & 7, bits);
        }
    }

    /** Zeros the upper half of a register. */
    void mov32(Gpr to, Gpr from) {
        rex(false, from, null, to);
        bytes(0x89, 0xc0 | (from.ordinal() & 7) << 3 | to.ordinal() & 7);
        line("mov %s, %s", to.lower(), from.lower());
    }

    void ret() {
        bytes(0xc3);
        line("ret");
    }

    void cpuid() {
        bytes(0x0f, 0xa2);
        line("cpuid");
    }

    void xgetbv() {
        bytes(0x0f, 0x01, 0xd0);
        line("xgetbv");
    }

    void push(Gpr r) {
        rex(false, null, null, r);
        bytes(0x50 | r.ordinal() & 7);
        line("push %s", r);
    }

    void pop(Gpr r) {
        rex(false, null, null, r);
        bytes(0x58 | r.ordinal() & 7);
        line("pop %s", r);
    }

    void prefetcht0(Address at) {
        prefetch(1, at);
        line("prefetcht0 byte ptr %s", at);
    }

    void prefetcht1(Address at) {
        prefetch(2, at);
        line("prefetcht1 byte ptr %s", at);
    }

    private void prefetch(int hint, Address at) {
        rex(false, null, at.index(), at.base());
        bytes(0x0f, 0x18);
        memory(hint, at, 1);
    }

    void jump(Label label) {
        bytes(0xe9);
        jumpTo(label);
        line("{disp32} jmp L%d", name(label));
    }

    /** {@code flags of a & b}. */
    void test(Gpr a, Gpr b) {
        rex(true, b, null, a);
        bytes(0x85, 0xc0 | (b.ordinal() & 7) << 3 | a.ordinal() & 7);
        line("test %s, %s", a, b);
    }

    void syscall() {
        bytes(0x0f, 0x05);
        line("syscall");
    }
}
