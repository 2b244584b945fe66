package ai.realm.runtime.store;

/** Reads a model, checks it, starts what runs it and warms it up. Called by the store, for one model at a time. */
public interface ModelLoader {
    /** Memory that the model will hold, as far as can be said before it is read. */
    long estimateBytes(ModelSource source);

    /**
     * @param room bytes that the model may take, its KV blocks included
     * @throws ai.realm.core.error.RealmException with the reason
     */
    LoadedModel load(ModelSource source, long room);
}
