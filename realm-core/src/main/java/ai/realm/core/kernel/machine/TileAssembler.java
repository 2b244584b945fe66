package ai.realm.core.kernel.machine;

import org.jspecify.annotations.Nullable;

/**
 * Writes the instructions of AMX, whose registers are tiles of up to 16 rows of 64 bytes. Not thread-safe. Source of the encodings: Intel 64 and IA-32
 * Architectures Software Developer's Manual, volume 2.
 */
class TileAssembler extends GeneralAssembler {
    private static final int P_F2 = 3;

    /** Says how large the tiles are, by 64 bytes of memory. */
    void ldtilecfg(Address from) {
        vex(P_NONE, 0, from);
        bytes(0x49);
        memory(0, from, 1);
        line("ldtilecfg %s", from);
    }

    /** Leaves the tiles as they are before the first use. */
    void tilerelease() {
        vex(P_NONE, 0, null);
        bytes(0x49, 0xc0);
        line("tilerelease");
    }

    void tilezero(int tile) {
        vex(P_F2, 0, null);
        bytes(0x49, 0xc0 | tile << 3);
        line("tilezero tmm%d", tile);
    }

    /** Loads rows from an address on, the index register's bytes apart. */
    void tileloadd(int tile, Address from) {
        vex(P_F2, 0, from);
        bytes(0x4b);
        memory(tile, indexed(from), 1);
        line("tileloadd tmm%d, %s", tile, from);
    }

    /** Stores rows from an address on, the index register's bytes apart. */
    void tilestored(Address to, int tile) {
        vex(P_F3, 0, to);
        bytes(0x4b);
        memory(tile, indexed(to), 1);
        line("tilestored %s, tmm%d", to, tile);
    }

    /** Adds to each number of {@code sums} the products of a row of {@code a} and a column of {@code b}, four signed bytes to a row of {@code b}. */
    void tdpbssd(int sums, int a, int b) {
        vex(P_F2, b, null);
        bytes(0x5e, 0xc0 | sums << 3 | a);
        line("tdpbssd tmm%d, tmm%d, tmm%d", sums, a, b);
    }

    private static Address indexed(Address at) {
        if (at.index() == null || at.scale() != 1) {
            throw new IllegalArgumentException("rows of a tile are a register apart, not as in " + at);
        }
        return at;
    }

    /** The prefix of three bytes for the map 0F38, vectors of 128 bits. */
    private void vex(int prefix, int second, @Nullable Address address) {
        int b = address == null ? 0 : address.base().ordinal() >> 3;
        int x = address == null || address.index() == null ? 0 : address.index().ordinal() >> 3;
        bytes(0xc4, 0x80 | (x ^ 1) << 6 | (b ^ 1) << 5 | M_0F38, (~second & 15) << 3 | prefix);
    }
}
