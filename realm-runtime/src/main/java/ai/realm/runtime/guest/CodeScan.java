package ai.realm.runtime.guest;

import com.dylibso.chicory.wasm.types.OpCode;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Walks a module's bytes before anything is built of them, and refuses what the parser or the compiler would turn into many times
 * its size. For every place that can be jumped to the compiler keeps what all locals and all values on the stack are, so a module of
 * half a megabyte can ask for gigabytes. Takes time and memory in proportion to the bytes.
 */
final class CodeScan {
    static final int MAX_PARAMS = 64;
    static final int MAX_RESULTS = 16;

    private static final Set<OpCode> ALLOWED = allowed();
    private static final int TYPES = 1;
    private static final int IMPORTS = 2;
    private static final int FUNCTIONS = 3;
    private static final int CODE = 10;
    private static final int FUNCTION_FORM = 0x60;
    private static final int NO_VALUE = 0x40;

    private record Signature(int params, int results) {}

    private final List<Signature> types = new ArrayList<>();
    private final List<Integer> functions = new ArrayList<>();
    private int importedFunctions;
    private int bodies;
    private int branchTargets;
    private long frameValues;
    private long allLocals;
    private int sections;
    private final ModuleLimits limits;

    private CodeScan(ModuleLimits limits) {
        this.limits = limits;
    }

    private static Set<OpCode> allowed() {
        EnumSet<OpCode> set = EnumSet.range(OpCode.UNREACHABLE, OpCode.REF_FUNC);
        set.addAll(EnumSet.range(OpCode.I32_TRUNC_SAT_F32_S, OpCode.TABLE_FILL));
        set.removeAll(
                EnumSet.of(OpCode.THROW, OpCode.THROW_REF, OpCode.TRY_TABLE, OpCode.RETURN_CALL, OpCode.RETURN_CALL_INDIRECT,
                        OpCode.CALL_REF, OpCode.RETURN_CALL_REF, OpCode.TABLE_GROW));
        return set;
    }

    static boolean isAllowed(OpCode code) {
        return ALLOWED.contains(code);
    }

    /**
     * @return why the bytes cannot be walked to their end, or null; a parser that takes them all the same must not be believed
     * @throws ai.realm.core.error.RealmException GUEST_REFUSED: which function, what it has, and what is wanted
     */
    static @Nullable String check(byte[] wasm, ModuleLimits limits) {
        CodeScan scan = new CodeScan(limits);
        ByteBuffer in = ByteBuffer.wrap(wasm).order(ByteOrder.LITTLE_ENDIAN).position(8);
        try {
            while (in.hasRemaining()) {
                scan.section(in);
            }
            return null;
        } catch (BufferUnderflowException e) {
            return "it ends within a section";
        } catch (Malformed e) {
            return e.getMessage();
        }
    }

    /** What only the parser can judge; it will, and say it better. */
    private static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Malformed(String why) {
            super(why, null, false, false);
        }
    }

    private void section(ByteBuffer in) {
        int id = in.get() & 0xff;
        ByteBuffer content = slice(in, unsigned(in));
        if (id == 0) {
            return;
        }
        if ((sections & 1 << id) != 0 || id > 31) {
            throw new Malformed("section " + id + " is unknown or there twice");
        }
        sections |= 1 << id;
        switch (id) {
            case TYPES -> types(content);
            case IMPORTS -> imports(content);
            case FUNCTIONS -> {
                for (long n = unsigned(content); n > 0; n--) {
                    functions.add(index(content));
                }
            }
            case CODE -> {
                for (long n = unsigned(content); n > 0; n--) {
                    body(slice(content, unsigned(content)));
                }
            }
            default -> {
            }
        }
    }

    private static ByteBuffer slice(ByteBuffer in, long length) {
        if (length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer part = in.slice(in.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + (int) length);
        return part;
    }

    private void types(ByteBuffer in) {
        for (long n = unsigned(in); n > 0; n--) {
            if ((in.get() & 0xff) != FUNCTION_FORM) {
                throw ModuleGate.refused("type " + types.size()
                        + " is a struct or an array; wanted: function types only, no garbage collection");
            }
            int params = values(in, "parameters", MAX_PARAMS);
            types.add(new Signature(params, values(in, "results", MAX_RESULTS)));
        }
    }

    private int values(ByteBuffer in, String what, int most) {
        long count = unsigned(in);
        if (count > most) {
            throw tooMany(what + " in type " + types.size(), count, most);
        }
        for (long i = 0; i < count; i++) {
            valueType(in);
        }
        return (int) count;
    }

    private static RuntimeException tooMany(String what, long found, long most) {
        return ModuleGate.refused("it has " + found + " " + what + "; wanted: at most " + most);
    }

    private static void valueType(ByteBuffer in) {
        int type = in.get() & 0xff;
        if (type == 0x63 || type == 0x64) {
            skipLeb(in);
        }
    }

    private void imports(ByteBuffer in) {
        for (long n = unsigned(in); n > 0; n--) {
            slice(in, unsigned(in));
            slice(in, unsigned(in));
            switch (in.get()) {
                case 0 -> {
                    functions.add(index(in));
                    importedFunctions++;
                }
                case 1 -> {
                    valueType(in);
                    limits(in);
                }
                case 2 -> limits(in);
                case 3 -> {
                    valueType(in);
                    in.get();
                }
                case 4 -> {
                    in.get();
                    skipLeb(in);
                }
                default -> throw new Malformed("an import is of no known kind");
            }
        }
    }

    private static void limits(ByteBuffer in) {
        int flags = in.get();
        skipLeb(in);
        if ((flags & 1) != 0) {
            skipLeb(in);
        }
    }

    private Signature type(long index) {
        if (index < 0 || index >= types.size()) {
            throw new Malformed("type " + index + " does not exist");
        }
        return types.get((int) index);
    }

    private Signature typeOf(long function) {
        if (function < 0 || function >= functions.size()) {
            throw new Malformed("function " + function + " does not exist");
        }
        return type(functions.get((int) function));
    }

    private void body(ByteBuffer in) {
        int index = importedFunctions + bodies++;
        long locals = 0;
        for (long n = unsigned(in); n > 0; n--) {
            locals += unsigned(in);
            if (locals > limits.locals()) {
                throw tooMany("locals in function " + index, locals, limits.locals());
            }
            valueType(in);
        }
        allLocals += locals;
        if (allLocals > limits.allLocals()) {
            throw tooMany("locals up to function " + index, allLocals, limits.allLocals());
        }
        Signature own = typeOf(index);
        new Body(in, index, (int) locals + own.params(), own).walk();
    }

    private static long unsigned(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte b = in.get();
            value |= (b & 0x7fL) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw new Malformed("a number has too many bytes");
    }

    private static int index(ByteBuffer in) {
        return (int) Math.min(Integer.MAX_VALUE, unsigned(in));
    }

    private static void skipLeb(ByteBuffer in) {
        unsigned(in);
    }

    /** One function: how many values are on the stack, block by block. */
    private final class Body {
        private final ByteBuffer in;
        private final int index;
        private final int locals;
        private final Blocks blocks = new Blocks();
        private long height;

        Body(ByteBuffer in, int index, int locals, Signature own) {
            this.in = in;
            this.index = index;
            this.locals = locals;
            blocks.push(0, own.results());
        }

        void walk() {
            while (in.hasRemaining()) {
                int code = in.get() & 0xff;
                if (code >= 0xfb && code <= 0xfe) {
                    code = code << 8 | (int) Math.min(0xff, unsigned(in));
                }
                OpCode known = OpCode.byOpCode(code);
                if (known == null || !ALLOWED.contains(known)) {
                    throw ModuleGate.refused("function " + index + " uses instruction "
                            + (known == null ? Integer.toHexString(code) : known)
                            + "; allowed: WebAssembly 1.0, multi-value, bulk memory, sign extension, saturating conversions, reference "
                            + "types without table.grow; not: tail calls, SIMD, threads, exceptions, garbage collection");
                }
                step(known, code);
                height = Math.max(height, blocks.base());
            }
        }

        private void step(OpCode op, int code) {
            switch (op) {
                case BLOCK, LOOP -> open();
                case IF -> {
                    height--;
                    open();
                }
                case ELSE -> {
                    place(1);
                    height = blocks.base();
                }
                case END -> {
                    height = blocks.base() + blocks.results();
                    place(1);
                    blocks.pop();
                }
                case BR -> {
                    skipLeb(in);
                    leave();
                }
                case BR_IF -> {
                    height--;
                    skipLeb(in);
                    place(1);
                }
                case BR_TABLE -> table();
                case RETURN, UNREACHABLE -> leave();
                case CALL -> call(typeOf(unsigned(in)));
                case CALL_INDIRECT -> {
                    height--;
                    Signature callee = type(unsigned(in));
                    skipLeb(in);
                    call(callee);
                }
                case SELECT_T -> {
                    for (long n = unsigned(in); n > 0; n--) {
                        valueType(in);
                    }
                    height -= 2;
                }
                default -> height += plain(code);
            }
        }

        private void open() {
            Signature type = blockType();
            blocks.push(Math.max(blocks.base(), height - type.params()), type.results());
            if (blocks.depth() > limits.nesting()) {
                throw ModuleGate.refused("function " + index + " nests blocks " + blocks.depth() + " deep; wanted: at most "
                        + limits.nesting());
            }
            place(1);
        }

        private Signature blockType() {
            int first = in.get(in.position()) & 0xff;
            if (first == NO_VALUE) {
                in.get();
                return new Signature(0, 0);
            }
            if (first >= 0x40 && first < 0x80) {
                valueType(in);
                return new Signature(0, 1);
            }
            return type(unsigned(in));
        }

        private void table() {
            height--;
            long targets = unsigned(in);
            branchTargets = (int) Math.min(Integer.MAX_VALUE, branchTargets + targets + 1);
            if (branchTargets > limits.branchTargets()) {
                throw tooMany("br_table targets", branchTargets, limits.branchTargets());
            }
            boolean[] seen = new boolean[limits.nesting() + 2];
            int distinct = 0;
            for (long i = 0; i <= targets; i++) {
                int depth = (int) Math.min(limits.nesting() + 1, unsigned(in));
                distinct += seen[depth] ? 0 : 1;
                seen[depth] = true;
            }
            place(distinct);
            leave();
        }

        private void call(Signature callee) {
            height = Math.max(blocks.base(), height - callee.params()) + callee.results();
        }

        /** What follows is not reached. */
        private void leave() {
            place(1);
            height = blocks.base();
        }

        /** So many places at which the compiler keeps what every local and every value on the stack is. */
        private void place(int count) {
            frameValues += count * (locals + height);
            if (frameValues > limits.frameValues()) {
                throw ModuleGate
                        .refused("it has more than " + limits.frameValues() + " locals and values on the stack over all places "
                                + "that can be jumped to, up to function " + index + " with its " + locals
                                + " locals; wanted: at most that many, "
                                + "with smaller functions or fewer locals");
            }
        }

        /** Skips the operands of any other instruction; what it adds to the stack, or takes. */
        private int plain(int code) {
            if (code >= 0xfc00) {
                return prefixed(code & 0xff);
            }
            if (code >= 0x28 && code <= 0x3e) {
                int align = index(in);
                if ((align & 0x40) != 0) {
                    skipLeb(in);
                }
                skipLeb(in);
                return code <= 0x35 ? 0 : -2;
            }
            return switch (code) {
                case 0x1a -> -1;
                case 0x1b -> -2;
                case 0x20, 0x23, 0x3f, 0x41, 0x42, 0xd0, 0xd2 -> operand(1);
                case 0x21, 0x24 -> operand(-1);
                case 0x22, 0x25, 0x40 -> operand(0);
                case 0x26 -> operand(-2);
                case 0x43 -> {
                    in.getInt();
                    yield 1;
                }
                case 0x44 -> {
                    in.getLong();
                    yield 1;
                }
                default -> numeric(code);
            };
        }

        private int operand(int change) {
            skipLeb(in);
            return change;
        }

        private int prefixed(int code) {
            return switch (code) {
                case 8, 10, 12, 14 -> {
                    skipLeb(in);
                    yield operand(-3);
                }
                case 11, 17 -> operand(-3);
                case 9, 13 -> operand(0);
                case 16 -> operand(1);
                default -> 0;
            };
        }

        /** Comparisons and arithmetic: of two values one is left, of one value one. */
        private static int numeric(int code) {
            boolean two = code >= 0x46 && code <= 0x4f || code >= 0x51 && code <= 0x66 || code >= 0x6a && code <= 0x78
                    || code >= 0x7c && code <= 0x8a || code >= 0x92 && code <= 0x98 || code >= 0xa0 && code <= 0xa6;
            return two ? -1 : 0;
        }
    }

    /** The blocks that are open: where the stack of each begins, and what it leaves. */
    private static final class Blocks {
        private long[] bases = new long[16];
        private int[] results = new int[16];
        private int depth;

        void push(long base, int left) {
            if (depth == bases.length) {
                bases = Arrays.copyOf(bases, 2 * depth);
                results = Arrays.copyOf(results, 2 * depth);
            }
            bases[depth] = base;
            results[depth++] = left;
        }

        void pop() {
            if (depth == 0) {
                throw new Malformed("a function has more ends than blocks");
            }
            depth--;
        }

        /** Blocks within the function's own. */
        int depth() {
            return depth - 1;
        }

        long base() {
            return depth == 0 ? 0 : bases[depth - 1];
        }

        int results() {
            return depth == 0 ? 0 : results[depth - 1];
        }
    }
}
