package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.dylibso.chicory.runtime.Memory;

/**
 * A guest's memory seen from the host: every pointer and length is an unsigned 32-bit number widened to 64 bits, and is checked
 * against the memory's size at that moment before anything is narrowed.
 */
final class GuestMemory {
    static final int PAGE = 65_536;
    /** Heap for each byte of a text that is encoded: code points, words, symbols and their links. */
    private static final long ENCODING_BYTES = 64;

    private final Memory memory;

    GuestMemory(Memory memory) {
        this.memory = memory;
    }

    static long unsigned(long i32) {
        return i32 & 0xffff_ffffL;
    }

    long size() {
        return (long) memory.pages() * PAGE;
    }

    /** Whole pages that the guest does not know of, or -1. */
    long growBy(long bytes) {
        long pages = (bytes + PAGE - 1) / PAGE;
        if (pages > Integer.MAX_VALUE) {
            return -1;
        }
        int before = memory.grow((int) pages);
        return before < 0 ? -1 : (long) before * PAGE;
    }

    boolean holds(long ptr, long len) {
        return ptr >= 0 && len >= 0 && ptr + len <= size();
    }

    /** Throws unless {@code ptr .. ptr + len} lies in memory; {@code what} names the pair for the message. */
    void require(long ptr, long len, String what) {
        if (!holds(ptr, len)) {
            throw new AbiException(AbiError.OUT_OF_BOUNDS,
                    what + ": pointer " + ptr + " and length " + len + " must lie within the memory of " + size() + " bytes");
        }
    }

    byte[] read(long ptr, long len, String what) {
        require(ptr, len, what);
        return len == 0 ? new byte[0] : memory.readBytes((int) ptr, (int) len);
    }

    /** Text as strict UTF-8. */
    String readText(long ptr, long len, String what) {
        String text = Text.strictUtf8(read(ptr, len, what));
        if (text == null) {
            throw new AbiException(AbiError.NOT_UTF8, what + ": the " + len + " bytes at " + ptr + " are not UTF-8");
        }
        return text;
    }

    void write(long ptr, byte[] bytes, int from, int len, String what) {
        require(ptr, len, what);
        if (len > 0) {
            memory.write((int) ptr, bytes, from, len);
        }
    }

    void write(long ptr, byte[] bytes, String what) {
        write(ptr, bytes, 0, bytes.length, what);
    }

    /** Bytes from {@code ptr} to the first NUL, {@code max} at most. */
    byte[] readToNul(long ptr, long max, String what) {
        require(ptr, 1, what);
        long end = size();
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        for (long at = ptr; at < end;) {
            int chunk = (int) Math.min(end - at, 4096);
            byte[] bytes = memory.readBytes((int) at, chunk);
            int nul = indexOfNul(bytes);
            out.write(bytes, 0, nul < 0 ? chunk : nul);
            if (out.size() > max) {
                throw new AbiException(GuestLimit.OUTPUT_BYTES.reached(max + " bytes", "more than " + max + " bytes"));
            }
            if (nul >= 0) {
                return out.toByteArray();
            }
            at += chunk;
        }
        throw new AbiException(AbiError.OUT_OF_BOUNDS, what + ": no NUL from " + ptr + " to the memory's end at " + end);
    }

    /** Memory that is taken until it is closed. */
    interface Loan extends AutoCloseable {
        @Override
        void close();
    }

    /** What encoding a text of so many bytes takes of the server's heap, out of what is lent to all guests; short texts are free. */
    Loan forEncoding(long textBytes) {
        int pages = (int) (textBytes * ENCODING_BYTES / PAGE);
        if (pages == 0 || !(memory instanceof BudgetedMemory own)) {
            return () -> {};
        }
        PageBudget budget = own.budget();
        FairShares loans = budget.loans();
        String tenant = own.owner().tenant();
        if (pages > loans.max()) {
            throw new AbiException(new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "a text of " + textBytes
                    + " bytes is too long to encode here; at most " + loans.max() * PAGE / ENCODING_BYTES + " bytes"));
        }
        if (!budget.lend(tenant, pages, own.owner())) {
            throw new AbiException(new RealmException(ErrorCode.OVERLOADED, "the memory for encoding is in use: "
                    + loans.describe(tenant, "pages") + ", " + pages + " wanted to encode a text of " + textBytes + " bytes"));
        }
        return () -> budget.endLoan(tenant, pages);
    }

    private static int indexOfNul(byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                return i;
            }
        }
        return -1;
    }
}
