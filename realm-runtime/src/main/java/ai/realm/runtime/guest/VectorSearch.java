package ai.realm.runtime.guest;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** The vectors nearest to one, by the cosine of their angle: every one is compared, little-endian f32 as guests store them. */
final class VectorSearch {
    private static final VarHandle FLOAT = MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);
    /** Vectors between two looks whether the guest was ended. */
    private static final int CHECKED = 64;

    /** A key and how near its vector is: 1 the same direction, -1 the opposite, 0 when either has no direction. */
    record Near(byte[] key, float cosine) {}

    private VectorSearch() {
    }

    /** At most {@code count}, nearest first. On the guest's thread, whose processor time it is. */
    static List<Near> nearest(byte[] wanted, List<GuestKvStore.Held> held, int count) {
        float[] query = new float[wanted.length / Float.BYTES];
        for (int i = 0; i < query.length; i++) {
            query[i] = (float) FLOAT.get(wanted, i * Float.BYTES);
        }
        float length = (float) Math.sqrt(dot(query, wanted));
        PriorityQueue<Near> best = new PriorityQueue<>(Comparator.comparingDouble(Near::cosine));
        for (int i = 0; i < held.size(); i++) {
            if (i % CHECKED == 0) {
                Checkpoint.pass();
            }
            GuestKvStore.Held h = held.get(i);
            double size = length * Math.sqrt(square(h.value()));
            float cosine = size > 0 ? (float) (dot(query, h.value()) / size) : 0;
            if (Float.isNaN(cosine)) {
                continue;
            }
            if (best.size() < count) {
                best.add(new Near(h.key(), cosine));
            } else if (best.element().cosine() < cosine) {
                best.remove();
                best.add(new Near(h.key(), cosine));
            }
        }
        List<Near> nearest = new ArrayList<>(best);
        nearest.sort(Comparator.comparingDouble(Near::cosine).reversed());
        return nearest;
    }

    private static float dot(float[] a, byte[] b) {
        float even = 0;
        float odd = 0;
        int i = 0;
        for (; i + 1 < a.length; i += 2) {
            even += a[i] * (float) FLOAT.get(b, i * Float.BYTES);
            odd += a[i + 1] * (float) FLOAT.get(b, (i + 1) * Float.BYTES);
        }
        return i < a.length ? even + odd + a[i] * (float) FLOAT.get(b, i * Float.BYTES) : even + odd;
    }

    private static float square(byte[] v) {
        float sum = 0;
        for (int i = 0; i < v.length; i += Float.BYTES) {
            float x = (float) FLOAT.get(v, i);
            sum += x * x;
        }
        return sum;
    }
}
