package ai.realm.runtime.loading;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.store.FileDigest;
import ai.realm.runtime.store.ModelSource;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** The check of a model file's SHA-256, under way beside its loading: nothing is served before {@link #join} has returned. */
final class Verification {
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    private Verification() {
    }

    /** Begins the check; one that is complete already where the source names no digest. */
    static Verification start(ModelSource source) {
        Verification v = new Verification();
        String digest = source.sha256();
        if (digest == null) {
            v.done.complete(null);
        } else {
            Thread.ofPlatform().daemon().name("digest-" + source.name()).start(() -> v.run(source, digest));
        }
        return v;
    }

    private void run(ModelSource source, String digest) {
        try {
            FileDigest.verify(source.file(), digest);
            done.complete(null);
        } catch (IOException e) {
            done.completeExceptionally(new RealmException(ErrorCode.MODEL_INVALID, "the file " + source.file().getFileName()
                    + " cannot be read: " + e.getClass().getSimpleName(), e));
        } catch (RuntimeException | Error e) {
            done.completeExceptionally(e);
        }
    }

    /** Returns when the file has been found to be the one that was meant, or throws MODEL_INVALID. */
    void join() {
        try {
            done.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RealmException invalid) {
                throw new RealmException(invalid.code(), String.valueOf(invalid.getMessage()), invalid);
            }
            throw e;
        }
    }
}
