package ai.realm.runtime.engine;

import ai.realm.core.model.Encoder;
import ai.realm.core.model.ModelConfig;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** An encoder whose vector of a text is (length, sum of its ids); it keeps its passes and can be held or fail. */
final class FakeEncoder implements Encoder {
    final List<int[][]> passes = new CopyOnWriteArrayList<>();
    final CountDownLatch inPass = new CountDownLatch(1);
    volatile CountDownLatch hold = new CountDownLatch(0);
    volatile boolean fails;
    volatile boolean closed;

    @Override
    public ModelConfig config() {
        return new ModelConfig("bert", "fake", 128, 64, 2, 1, 1);
    }

    @Override
    public boolean ranks() {
        return false;
    }

    @Override
    public int maxTokens() {
        return 64;
    }

    @Override
    public float[][] embed(int[][] texts) {
        passes.add(texts);
        inPass.countDown();
        try {
            hold.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (fails) {
            throw new IllegalStateException("broken");
        }
        float[][] out = new float[texts.length][];
        for (int i = 0; i < out.length; i++) {
            out[i] = new float[]{texts[i].length, java.util.Arrays.stream(texts[i]).sum()};
        }
        return out;
    }

    @Override
    public long weightBytes() {
        return 0;
    }

    @Override
    public void close() {
        closed = true;
    }
}
