package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;
import ai.realm.core.kernel.machine.WeightLayout.Scales;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Emits the product of one group of {@link WeightLayout#ROWS} rows with chunks of {@link #TOKENS} tokens, by AMX's products of signed bytes. Whole
 * numbers are exact, and what follows is done in the order of {@link TileCode}, so each number is the same to the last bit. The function takes RDI and
 * RSI, where the first token's outputs begin (a base and a number of bytes), and in RDX the address of a {@link Call}.
 *
 * <p>Tiles: 0 and 1 sums, 2 and 4 activations, 3 and 5 weights of {@link PanelCode}. Vectors: 0 to 15 the outputs of 16 tokens and rows, 16 scales,
 * 17 minima, 18 on the way, 20 to 27 sums and scales of a token.
 */
final class AmxTileCode {
    static final int TOKENS = 16;
    /** Blocks times chunks of one call, which the collector may wait for. */
    static final int MOST = 1024;

    private static final int ROWS_OF_TILE = 16;
    private static final int WRITTEN = 1;
    private static final Vector SCALE = zmm(16);
    private static final Vector MIN = zmm(17);
    private static final Vector WHOLE = zmm(18);
    private static final int SUMS = 128;

    private final Assembler a = new Assembler();
    private final WeightLayout layout;
    private final boolean add;

    /** What a call is told, in memory. */
    enum Call {
        PANEL(64),
        WEIGHTS(72),
        RECORDS(80),
        RECORD_STRIDE(88),
        BLOCKS(96),
        CHUNKS(104),
        OUT_STRIDE(112),
        ROWS(120);

        /** Bytes altogether: the sizes of the tiles, these, and sums on their way from tiles to vectors. */
        static final int BYTES = SUMS + 4 * ROWS_OF_TILE * 64;

        final int at;

        Call(int at) {
            this.at = at;
        }

        void set(MemorySegment call, long value) {
            call.set(ValueLayout.JAVA_LONG, at, value);
        }
    }

    private AmxTileCode(WeightLayout layout, boolean add) {
        this.layout = layout;
        this.add = add;
    }

    static Assembler emit(WeightLayout layout, boolean add) {
        AmxTileCode code = new AmxTileCode(layout, add);
        code.function();
        return code.a;
    }

    /** Columns of a tile of activations: those that have one scale. */
    private static int columns(WeightLayout layout) {
        return layout.scales == Scales.SUPER_16 ? 16 : 32;
    }

    /** Writes the sizes of the tiles. */
    static void configure(WeightLayout layout, MemorySegment call) {
        call.asSlice(0, 64).fill((byte) 0);
        call.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        for (int tile = 0; tile < 6; tile++) {
            int columns = columns(layout);
            boolean weights = tile == 3 || tile == 5;
            call.set(ValueLayout.JAVA_SHORT, 16 + 2L * tile, (short) (tile == 2 || tile == 4 ? columns : 64));
            call.set(ValueLayout.JAVA_BYTE, 48 + tile, (byte) (weights ? columns / 4 : ROWS_OF_TILE));
        }
    }

    private static Address of(Call what) {
        return Address.at(Gpr.RDX, what.at);
    }

    /** Where a token's record has something, of {@code RAX} bytes a token. */
    private static Address activation(int token, int at) {
        return switch (token) {
            case 0 -> Address.at(Gpr.R11, at);
            case 1, 2, 4, 8 -> Address.at(Gpr.R11, Gpr.RAX, token, at);
            case 3 -> Address.at(Gpr.R12, at);
            case 5, 11 -> Address.at(Gpr.R12, Gpr.RAX, token - 3, at);
            case 6 -> Address.at(Gpr.R13, at);
            case 10, 14 -> Address.at(Gpr.R13, Gpr.RAX, token - 6, at);
            case 7 -> Address.at(Gpr.R14, at);
            case 9, 15 -> Address.at(Gpr.R14, Gpr.RAX, token - 7, at);
            case 12 -> Address.at(Gpr.R15, at);
            case 13 -> Address.at(Gpr.R15, Gpr.RAX, 1, at);
            default -> throw new IllegalArgumentException("no token " + token);
        };
    }

    private void function() {
        Gpr[] saved = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
        for (Gpr r : saved) {
            a.push(r);
        }
        a.add(Gpr.RDI, Gpr.RSI);
        a.ldtilecfg(Address.at(Gpr.RDX, 0));
        a.lea(Gpr.RBP, Address.at(Gpr.RDX, SUMS));
        a.mov32(Gpr.RCX, 64);
        for (int half = 0; half < 2; half++) {
            Label none = new Label();
            a.mov(Gpr.RBX, of(Call.ROWS));
            if (half == 1) {
                a.shr(Gpr.RBX, ROWS_OF_TILE);
            }
            a.kmovw(WRITTEN, Gpr.RBX);
            a.test(Gpr.RBX, Gpr.RBX);
            a.jump(Condition.Z, none);
            a.push(Gpr.RDI);
            chunks(half);
            a.pop(Gpr.RDI);
            a.place(none);
            a.add(Gpr.RDI, 64);
        }
        a.tilerelease();
        for (int i = saved.length - 1; i >= 0; i--) {
            a.pop(saved[i]);
        }
        a.vzeroupper();
        a.ret();
    }

    private void chunks(int half) {
        Label chunk = new Label();
        a.mov(Gpr.RAX, of(Call.RECORD_STRIDE));
        a.mov(Gpr.R11, of(Call.RECORDS));
        a.mov(Gpr.RBX, of(Call.CHUNKS));
        a.place(chunk);
        a.push(Gpr.RBX);
        bases();
        outputs(false);
        a.mov(Gpr.R9, of(Call.PANEL));
        a.mov(Gpr.R10, of(Call.WEIGHTS));
        a.mov(Gpr.R8, of(Call.BLOCKS));
        blocks(half);
        outputs(true);
        a.mov(Gpr.RBX, of(Call.OUT_STRIDE));
        a.shl(Gpr.RBX, 4);
        a.add(Gpr.RDI, Gpr.RBX);
        // the last token's records end where the next one's begin
        a.lea(Gpr.R11, Address.at(Gpr.R14, Gpr.RAX, 8, 0));
        a.pop(Gpr.RBX);
        a.sub(Gpr.RBX, 1);
        a.jump(Condition.G, chunk);
    }

    /** Addresses of tokens 3, 6, 7 and 12, from which the others are a multiple away. */
    private void bases() {
        a.lea(Gpr.R12, Address.at(Gpr.R11, Gpr.RAX, 2, 0));
        a.add(Gpr.R12, Gpr.RAX);
        a.lea(Gpr.R13, Address.at(Gpr.R12, Gpr.RAX, 2, 0));
        a.add(Gpr.R13, Gpr.RAX);
        a.lea(Gpr.R14, Address.at(Gpr.R13, Gpr.RAX, 1, 0));
        a.lea(Gpr.R15, Address.at(Gpr.R14, Gpr.RAX, 4, 0));
        a.add(Gpr.R15, Gpr.RAX);
    }

    private void outputs(boolean store) {
        if (store || add) {
            a.mov(Gpr.R10, of(Call.OUT_STRIDE));
            a.mov(Gpr.RBX, Gpr.RDI);
        }
        for (int t = 0; t < TOKENS; t++) {
            if (store) {
                a.vmovups(Address.at(Gpr.RBX, 0), WRITTEN, zmm(t));
            } else if (add) {
                a.vmovups(zmm(t), WRITTEN, Address.at(Gpr.RBX, 0));
            } else {
                Lanes.zero(a, zmm(t));
            }
            if ((store || add) && t + 1 < TOKENS) {
                a.add(Gpr.RBX, Gpr.R10);
            }
        }
    }

    /**
     * Sums of a block go from tiles to vectors through memory, which takes until the stores are done. So a block's products are begun before the sums of
     * the one before are taken up.
     */
    private void blocks(int half) {
        a.mov(Gpr.RBX, Gpr.R11);
        products(half, 0);
        if (layout.scales.isSuper()) {
            eights(half);
        } else {
            pairs(half);
        }
    }

    private void pairs(int half) {
        Label loop = new Label();
        Label[] last = {new Label(), new Label()};
        Label done = new Label();
        a.place(loop);
        for (int turn = 0; turn < 2; turn++) {
            a.sub(Gpr.R8, 1);
            a.jump(Condition.LE, last[turn]);
            products(half, 1 - turn);
            sums(half, turn);
        }
        a.jump(loop);
        a.place(last[0]);
        sums(half, 0);
        a.jump(done);
        a.place(last[1]);
        sums(half, 1);
        a.place(done);
    }

    private void eights(int half) {
        Label loop = new Label();
        Label last = new Label();
        a.place(loop);
        a.mov(Gpr.RSI, Gpr.R10);
        a.add(Gpr.R10, layout.headBytes());
        for (int block = 0; block < WeightLayout.SUPER - 1; block++) {
            products(half, (block + 1) % 2);
            sums(half, block % 2);
        }
        a.sub(Gpr.R8, WeightLayout.SUPER);
        a.jump(Condition.LE, last);
        products(half, 0);
        sums(half, 1);
        a.jump(loop);
        a.place(last);
        sums(half, 1);
    }

    private int parts() {
        return 32 / columns(layout);
    }

    private int sumsAt(int turn, int part) {
        return 64 * ROWS_OF_TILE * (parts() * turn + part);
    }

    /** A block's products, by turns into one half of the memory for sums and the other. */
    private void products(int half, int turn) {
        for (int part = 0; part < parts(); part++) {
            int tile = parts() == 1 ? turn : part;
            int operand = 2 + 2 * tile;
            a.tilezero(tile);
            a.tileloadd(operand, Address.at(Gpr.RBX, Gpr.RAX, 1, 16 * part));
            a.tileloadd(operand + 1,
                    Address.at(Gpr.R9, Gpr.RCX, 1, PanelCode.HALF_BYTES * half + PanelCode.HALF_BYTES / 2 * part));
            a.tdpbssd(tile, operand, operand + 1);
            a.tilestored(Address.at(Gpr.RBP, Gpr.RCX, 1, sumsAt(turn, part)), tile);
        }
        a.add(Gpr.R9, PanelCode.BLOCK_BYTES);
        a.add(Gpr.RBX, ActivationRecord.BYTES);
    }

    /** Adds a block's sums to the outputs. */
    private void sums(int half, int turn) {
        for (int part = 0; part < parts(); part++) {
            scales(half, part);
            addUp(sumsAt(turn, part));
        }
        a.add(Gpr.R10, layout.blockBytes());
        for (Gpr base : new Gpr[]{Gpr.R11, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15}) {
            a.add(base, ActivationRecord.BYTES);
        }
    }

    private void scales(int half, int part) {
        int at = layout.codes.bytes();
        switch (layout.scales) {
            case HALF -> a.vcvtph2ps(SCALE, Address.at(Gpr.R10, at + 32 * half));
            case HALF_MIN -> {
                a.vcvtph2ps(SCALE, Address.at(Gpr.R10, at + 32 * half));
                a.vcvtph2ps(MIN, Address.at(Gpr.R10, at + 64 + 32 * half));
            }
            case SUPER_MIN -> {
                a.vpmovzxbd(SCALE, Address.at(Gpr.R10, at + 16 * half));
                whole(SCALE, 32 * half);
                a.vpmovzxbd(MIN, Address.at(Gpr.R10, at + 32 + 16 * half));
                whole(MIN, 64 + 32 * half);
            }
            case SUPER_32 -> {
                a.vpmovsxbd(SCALE, Address.at(Gpr.R10, at + 16 * half));
                whole(SCALE, 32 * half);
            }
            case SUPER_16 -> {
                a.vpmovsxbd(SCALE, Address.at(Gpr.R10, at + 32 * part + 16 * half));
                whole(SCALE, 32 * half);
            }
        }
    }

    /** Multiplies small scales with those of 256 columns. */
    private void whole(Vector small, int at) {
        a.vcvtdq2ps(small, small);
        a.vcvtph2ps(WHOLE, Address.at(Gpr.RSI, at));
        a.vmulps(small, small, WHOLE);
    }

    private void addUp(int sums) {
        for (int t = 0; t < TOKENS; t++) {
            Vector sum = zmm(20 + t % 4);
            Vector scale = zmm(24 + t % 4);
            a.vcvtdq2ps(sum, Address.at(Gpr.RBP, sums + 64 * t));
            a.vmulps1(scale, SCALE, activation(t, ActivationRecord.SCALE));
            a.vfmadd231ps(zmm(t), sum, scale);
            if (layout.scales == Scales.HALF_MIN) {
                a.vfmadd231ps1(zmm(t), MIN, activation(t, ActivationRecord.SCALED_SUM));
            } else if (layout.scales == Scales.SUPER_MIN) {
                a.vfnmadd231ps1(zmm(t), MIN, activation(t, ActivationRecord.SCALED_SUM));
            }
        }
    }
}
