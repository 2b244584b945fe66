package ai.realm.server.cli.verify;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.kernel.Compute;
import ai.realm.core.tokenizer.Tokenizers;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Malformed model files: each must be refused with a clear error, or load where that is allowed, in bounded time and memory. A
 * file is loaded as {@code serve} loads it and runs one token, on a thread of its own whose allocations are counted.
 */
final class GgufBadKind implements Kind {
    private static final String METRIC = "allocated_bytes";
    private static final double MAX_BYTES = 256 << 20;
    private static final long MAX_MILLIS = 20_000;

    private static final com.sun.management.ThreadMXBean THREADS = (com.sun.management.ThreadMXBean) ManagementFactory
            .getThreadMXBean();

    @Override
    public String name() {
        return "gguf-bad";
    }

    @Override
    public void verify(Path folder, CaseKernels kernels, Consumer<Verdict> out) throws IOException {
        if (CaseData.files(folder, "").isEmpty()) {
            return;
        }
        for (JsonNode data : CaseData.need(CaseData.read(folder.resolve("index.json")), "cases")) {
            String file = CaseData.need(data, "file").asText();
            Attempt attempt = new Attempt(folder.resolve(file), kernels);
            Thread thread = Thread.ofPlatform().daemon().name("load " + file).unstarted(attempt);
            thread.start();
            try {
                thread.join(MAX_MILLIS);
            } catch (InterruptedException e) {
                throw new IOException("interrupted while loading " + file, e);
            }
            out.accept(thread.isAlive()
                    ? Verdict.failed(name(), file, METRIC, "still loading after " + MAX_MILLIS / 1000 + " s")
                    : verdict(file, CaseData.need(data, "want").asText(), attempt));
        }
    }

    private Verdict verdict(String file, String want, Attempt attempt) {
        Verdict verdict = Verdict.within(name(), file, METRIC, attempt.allocated, MAX_BYTES);
        Throwable error = attempt.error;
        if (error == null) {
            return want.equals("error") ? verdict.butFailed("was loaded, and must be refused") : verdict;
        }
        if (!isClear(error)) {
            return verdict.butFailed("crashed: " + error);
        }
        return want.equals("load")
                ? verdict.butFailed("must load, was refused: " + error.getMessage())
                : new Verdict(name(), file, verdict.pass(), false, METRIC, verdict.value(), verdict.limit(), error.getMessage());
    }

    private static boolean isClear(Throwable error) {
        return error instanceof RealmException e && e.code().family() == ErrorCode.Family.MODEL && e.getMessage() != null;
    }

    /** One load of one file. */
    private static final class Attempt implements Runnable {
        private final Path path;
        private final CaseKernels kernels;
        private volatile @Nullable Throwable error;
        private volatile long allocated;

        Attempt(Path path, CaseKernels kernels) {
            this.path = path;
            this.kernels = kernels;
        }

        @Override
        public void run() {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            try (CaseKernels alone = new CaseKernels(Compute.open(kernels.compute().options().withThreads(1)))) {
                try (GgufFile file = GgufReader.open(path)) {
                    Tokenizers.fromGguf(file);
                }
                try (ModelRun run = ModelRun.open(path, alone, 8, 0)) {
                    run.greedy(new int[]{0}, 1);
                }
            } catch (Throwable e) {
                error = e;
            }
            allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        }
    }
}
