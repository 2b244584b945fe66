package ai.realm.runtime.loading;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.chat.ChatTemplates;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.KernelWarmUp;
import ai.realm.core.model.KvShape;
import ai.realm.core.model.Model;
import ai.realm.core.model.Models;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Tokenizers;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.engine.EngineListener;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.runtime.kvcache.KvLayout;
import ai.realm.runtime.kvcache.KvMemory;
import ai.realm.runtime.kvcache.SharedPrefixes;
import ai.realm.runtime.store.LoadedModel;
import ai.realm.runtime.store.ModelLoader;
import ai.realm.runtime.store.ModelSource;
import ai.realm.runtime.warmup.GenerationWarmUp;
import ai.realm.runtime.warmup.LayerWarmUp;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads GGUF files: verifies, maps and builds the model, sizes its KV memory, starts its engine and warms it up; encoders too. */
public final class EngineModelLoader implements ModelLoader {
    private static final Logger LOG = LoggerFactory.getLogger(EngineModelLoader.class);
    private static final long LEAST_KV = 64L << 20;
    private static final int SHORT_TEXT = 512;

    private final Compute compute;
    private final EngineOptions options;
    private final long memoryBytes;
    private final EngineListener listener;
    private final ReentrantLock turn = new ReentrantLock(true);

    /** @param memoryBytes for all models, their KV memory included */
    public EngineModelLoader(Compute compute, EngineOptions options, long memoryBytes, EngineListener listener) {
        this.compute = compute;
        this.options = options;
        this.memoryBytes = memoryBytes;
        this.listener = listener;
    }

    @Override
    public long estimateBytes(ModelSource source) {
        try (GgufFile file = opened(source)) {
            long weights = Models.estimateBytes(file, compute);
            // An encoder holds no KV memory, and must not have other models closed to make room for it.
            return EncoderLoader.takes(file) ? weights : weights + Math.max(kvBytes(weights), leastKvBytes(source, file));
        } catch (IOException e) {
            throw unreadable(source, e);
        }
    }

    private static GgufFile opened(ModelSource source) throws IOException {
        GgufFile file = GgufReader.open(source.file());
        try {
            return file.withValues(source.metadata());
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private long kvBytes(long weights) {
        return options.kvBytes() > 0 ? options.kvBytes() : mostKvBytes(weights, memoryBytes) / 2;
    }

    /** What one sequence needs at least: its recurrent state, and blocks for a short text. */
    private long leastKvBytes(ModelSource source, GgufFile file) {
        KvShape shape;
        try {
            shape = Models.kvShape(file, compute, source.contextLength());
        } catch (RealmException e) {
            return 0; // loading it will say what is wrong
        }
        KvLayout layout = new KvLayout(shape, options.kvType(), options.blockPositions());
        return layout.stateBytes() + layout.blocksFor(SHORT_TEXT) * layout.blockBytes();
    }

    private static RealmException unreadable(ModelSource source, IOException e) {
        return new RealmException(ErrorCode.MODEL_INVALID,
                "the file " + source.file().getFileName() + " cannot be read: " + e.getClass().getSimpleName(), e);
    }

    /** What the KV memory of one model may take: a quarter of all, and what its weights leave of the room. */
    private long mostKvBytes(long weights, long room) {
        return Math.max(LEAST_KV, Math.min(memoryBytes / 4, (room - weights) * 9 / 10));
    }

    @Override
    public LoadedModel load(ModelSource source, long room) {
        Verification verified = Verification.start(source);
        try {
            GgufFile file = opened(source);
            try {
                return load(source, file, room, verified);
            } catch (RuntimeException | Error e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            verified.join();
            throw unreadable(source, e);
        } catch (RuntimeException | Error e) {
            // That the file is another one than meant explains the rest.
            verified.join();
            throw e;
        }
    }

    private LoadedModel load(ModelSource source, GgufFile file, long room, Verification verified) {
        if (EncoderLoader.takes(file)) {
            verified.join();
            return new EncoderLoader(options, listener, turn).load(source, file, compute.share());
        }
        @Nullable
        Tokenizer tokenizer;
        @Nullable
        ChatTemplate template;
        Compute share = compute.share();
        Model model;
        boolean ready = share.kernels().ready().containsAll(matrixTypes(file));
        try (KernelWarmUp warmUp = ready ? null : KernelWarmUp.start(share, matrixTypes(file), options.kvType())) {
            tokenizer = Tokenizers.fromGguf(file).orElse(null);
            template = ChatTemplates.fromGguf(file).orElse(null);
            model = Models.load(file, share, new Models.Options(options.tokenBudget(), source.contextLength()));
        }
        Engine engine;
        try {
            engine = start(source, model, share, room, ready);
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
        ServedModel served = new ServedModel(model, model.weightBytes(), engine, tokenizer, template, shared(tokenizer),
                file::close);
        try {
            if (!ready) {
                GenerationWarmUp.run(engine, model.config().vocabSize());
            }
            verified.join();
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
        return served;
    }

    private static Set<GgmlType> matrixTypes(GgufFile file) {
        return file.tensors().values().stream().filter(t -> t.shape().rank() > 1).map(TensorView::type)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(GgmlType.class)));
    }

    private Engine start(ModelSource source, Model model, Compute share, long room, boolean ready) {
        int trained = model.config().contextLength();
        int context = source.contextLength() == 0 ? trained : source.contextLength();
        KvLayout layout = new KvLayout(model.kvShape(), options.kvType(), options.blockPositions());
        KvMemory memory = memory(layout, context,
                options.kvBytes() > 0 ? options.kvBytes() : mostKvBytes(model.weightBytes(), room));
        int positions = (int) Math.min(context, (long) memory.blocks() * layout.blockPositions());
        LOG.info("model={} KV memory {} MB as {}: {} blocks of {} positions{}; context {}{}", source.name(), memory.bytes() >> 20,
                options.kvType(), memory.blocks(), layout.blockPositions(),
                memory.slots() == 0
                        ? ""
                        : String.format(Locale.ROOT, " and %d recurrent states of %.1f MB", memory.slots(),
                                layout.stateBytes() / 1048576.0),
                positions, positions < context ? String.format(Locale.ROOT, ", cut from %d by the KV memory", context) : "");
        if (!ready) {
            LayerWarmUp.run(source.name(), model, memory, positions);
        }
        return new Engine(source.name(), model, memory, positions, options, share.pool(), turn, listener, System::nanoTime);
    }

    /** Blocks and slots for recurrent states out of so many bytes, no more than all sequences that may run can need. */
    private KvMemory memory(KvLayout layout, int context, long bytes) {
        long wanted = (long) layout.blocksFor(context) * options.maxRunning();
        int slots = slots(layout, wanted, bytes);
        long blocks = Math.min(wanted, (bytes - slots * layout.stateBytes()) / layout.blockBytes());
        if (blocks < 1) {
            throw new RealmException(ErrorCode.MODEL_INVALID, "KV memory of " + bytes + " bytes does not hold one block of "
                    + layout.blockBytes() + " bytes"
                    + (slots == 0 ? "" : " and one recurrent state of " + layout.stateBytes()));
        }
        return new KvMemory(layout, (int) Math.min(blocks, Integer.MAX_VALUE / layout.blockPositions()), slots);
    }

    /** One for each sequence that may run and three for checkpoints of each, within half of the memory or what blocks leave of it. */
    private int slots(KvLayout layout, long wantedBlocks, long bytes) {
        if (layout.stateBytes() == 0) {
            return 0;
        }
        long share = Math.max(bytes / 2, bytes - wantedBlocks * layout.blockBytes());
        return (int) Math.clamp(share / layout.stateBytes(), 1, 4L * options.maxRunning());
    }

    private SharedPrefixes shared(@Nullable Tokenizer tokenizer) {
        if (tokenizer == null || options.sharedPrefixes().isEmpty()) {
            return SharedPrefixes.NONE;
        }
        return new SharedPrefixes(options.sharedPrefixes().stream().map(p -> tokenizer.encode(p, true, true)).toList());
    }
}
