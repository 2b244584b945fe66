package ai.realm.runtime.guest;

import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.DataSection;
import com.dylibso.chicory.wasm.types.GlobalSection;
import com.dylibso.chicory.wasm.types.MutabilityType;
import com.dylibso.chicory.wasm.types.PassiveDataSegment;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A guest's memory and globals when it had started, which its requests begin with instead of starting anew. Kept as the parts that
 * differ from zero, or from what another snapshot has; immutable.
 *
 * @param pages size of the memory
 * @param globals the values of the module's own globals
 * @param base what the parts are laid over; null for nothing but zeros
 * @param baseSum of the base's bytes, so that the parts are never laid over others
 * @param places pairs of where a part begins and how long it is
 * @param bytes the parts, one after another
 */
@SuppressWarnings("ArrayRecordComponent")
record Snapshot(int pages, long[] globals, @Nullable Snapshot base, long baseSum, int[] places, byte[] bytes) {
    /** Parts begin and end at multiples of this: smaller ones take less memory, larger ones less time. */
    private static final int GRAIN = 512;

    /** Tables as they are; a snapshot has none, so they must not change before it is taken. */
    static List<int[]> tables(Instance instance) {
        List<int[]> all = new ArrayList<>();
        for (int t = 0; t < instance.tableCount(); t++) {
            int[] refs = new int[instance.table(t).size()];
            for (int i = 0; i < refs.length; i++) {
                refs[i] = instance.table(t).ref(i);
            }
            all.add(refs);
        }
        return all;
    }

    /** What an instance has now, over {@code base}. */
    static Snapshot of(Instance instance, @Nullable Snapshot base) {
        Memory memory = instance.memory();
        GlobalSection own = instance.module().globalSection();
        long[] globals = new long[own.globalCount()];
        for (int i = 0; i < globals.length; i++) {
            globals[i] = instance.global(i).getValue();
        }
        byte[] before = base == null ? new byte[0] : base.whole();
        List<Integer> places = new ArrayList<>();
        ByteArrayOutputStream parts = new ByteArrayOutputStream();
        for (int page = 0; page < memory.pages(); page++) {
            byte[] now = memory.readBytes(page * GuestMemory.PAGE, GuestMemory.PAGE);
            for (int at = 0; at < now.length; at += GRAIN) {
                int place = page * GuestMemory.PAGE + at;
                if (differs(now, at, before, place)) {
                    int last = places.size() - 2;
                    if (last >= 0 && places.get(last) + places.get(last + 1) == place) {
                        places.set(last + 1, places.get(last + 1) + GRAIN);
                    } else {
                        places.add(place);
                        places.add(GRAIN);
                    }
                    parts.write(now, at, GRAIN);
                }
            }
        }
        return new Snapshot(memory.pages(), globals, base, base == null ? 0 : base.sum(),
                places.stream().mapToInt(Integer::intValue).toArray(), parts.toByteArray());
    }

    private static boolean differs(byte[] now, int at, byte[] before, int place) {
        for (int i = 0; i < GRAIN; i++) {
            byte was = place + i < before.length ? before[place + i] : 0;
            if (now[at + i] != was) {
                return true;
            }
        }
        return false;
    }

    private byte[] whole() {
        byte[] all = base == null
                ? new byte[pages * GuestMemory.PAGE]
                : java.util.Arrays.copyOf(base.whole(), pages * GuestMemory.PAGE);
        int from = 0;
        for (int i = 0; i < places.length; i += 2) {
            System.arraycopy(bytes, from, all, places[i], places[i + 1]);
            from += places[i + 1];
        }
        return all;
    }

    long sum() {
        CRC32 sum = new CRC32();
        sum.update(bytes);
        return sum.getValue() << 32 ^ places.length ^ pages;
    }

    /** Gives a fresh instance, whose memory has the right size and is zero, this state. */
    void restore(Instance instance) {
        write(instance.memory());
        GlobalSection own = instance.module().globalSection();
        for (int i = 0; i < globals.length; i++) {
            if (own.getGlobal(i).mutabilityType() == MutabilityType.Var) {
                instance.global(i).setValue(globals[i]);
            }
        }
    }

    private void write(Memory memory) {
        if (base != null) {
            base.write(memory);
        }
        int from = 0;
        for (int i = 0; i < places.length; i += 2) {
            memory.write(places[i], bytes, from, places[i + 1]);
            from += places[i + 1];
        }
    }

    /** The module without the data that its instances get from here. */
    static DataSection withoutData(WasmModule module) {
        DataSection.Builder none = DataSection.builder();
        for (int i = 0; i < module.dataSection().dataSegmentCount(); i++) {
            boolean passive = module.dataSection().getDataSegment(i) instanceof PassiveDataSegment;
            none.addDataSegment(passive ? module.dataSection().getDataSegment(i) : PassiveDataSegment.EMPTY);
        }
        return none.build();
    }

    long heapBytes() {
        return bytes.length + 4L * places.length + 8L * globals.length;
    }

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(28 + 8 * globals.length + 4 * places.length + bytes.length);
        out.putInt(pages).putInt(base == null ? 0 : 1).putLong(baseSum).putInt(globals.length).putInt(places.length);
        for (long g : globals) {
            out.putLong(g);
        }
        for (int p : places) {
            out.putInt(p);
        }
        return out.putInt(bytes.length).put(bytes).array();
    }

    /** @return null when it was laid over another base than this */
    static @Nullable Snapshot decode(byte[] encoded, @Nullable Snapshot base) {
        ByteBuffer in = ByteBuffer.wrap(encoded);
        int pages = in.getInt();
        boolean based = in.getInt() == 1;
        long sum = in.getLong();
        if (based != (base != null) || base != null && base.sum() != sum) {
            return null;
        }
        long[] globals = new long[in.getInt()];
        int[] places = new int[in.getInt()];
        for (int i = 0; i < globals.length; i++) {
            globals[i] = in.getLong();
        }
        for (int i = 0; i < places.length; i++) {
            places[i] = in.getInt();
        }
        byte[] bytes = new byte[in.getInt()];
        in.get(bytes);
        return new Snapshot(pages, globals, base, sum, places, bytes);
    }
}
