package ai.realm.runtime.warmup;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Samplers;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.scheduler.Ending;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.SequenceSpec;
import ai.realm.runtime.scheduler.TokenQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Two short generations before a model is ready: the way through engine and sampler, with the threads and all the weights. The
 * kernels were compiled by a {@link LayerWarmUp} before. Also shows that the model runs at all.
 */
public final class GenerationWarmUp {
    /** What a load may take altogether: a machine that is busy with other work makes it slow, but no model worse. */
    private static final long LIMIT = TimeUnit.MINUTES.toNanos(30);
    private static final int PROMPT = 24;
    private static final int TOGETHER = 2;
    private static final int DECODE = 4;

    private GenerationWarmUp() {
    }

    public static void run(Engine engine, int vocabSize) {
        int longest = Math.max(1, Math.min(PROMPT, engine.contextLength() - DECODE - 1));
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < TOGETHER; i++) {
            all.add(submit(engine, vocabSize, longest, i));
        }
        all.forEach(GenerationWarmUp::await);
    }

    private static Sequence submit(Engine engine, int vocabSize, int length, int seed) {
        int[] prompt = new int[length];
        for (int i = 0; i < length; i++) {
            prompt[i] = Math.floorMod(i * 7919 + seed, vocabSize);
        }
        SamplingParams params = SamplingParams.defaults().toBuilder().maxTokens(DECODE).topP(0.9f).seed(1L).build();
        return engine.submit(new SequenceSpec("warm-up", "warm-up", 1, false, prompt, DECODE, Set.of(), engine.now() + LIMIT,
                Samplers.create(params, vocabSize, prompt, null), 0, true), new TokenQueue(DECODE));
    }

    private static void await(Sequence s) {
        try {
            s.output().awaitEnd(LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RealmException(ErrorCode.CANCELLED, "the warm-up was interrupted", e);
        }
        Ending e = s.output().ending();
        if (e == null || e.kind() != Ending.Kind.LENGTH) {
            throw new RealmException(ErrorCode.MODEL_LOAD_FAILED,
                    e == null
                            ? "the warm-up had no answer within " + TimeUnit.NANOSECONDS.toMinutes(LIMIT) + " minutes"
                            : "the warm-up ended with " + e.error(),
                    e == null ? null : e.error());
        }
    }
}
