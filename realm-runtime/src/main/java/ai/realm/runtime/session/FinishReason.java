package ai.realm.runtime.session;

/** Why a generation ended. */
public enum FinishReason {
    /** The model's end, a stop token, a stop string, or a guest said so. */
    STOP,
    /** The output limit or the context was reached. */
    LENGTH,
    /** The request was cancelled. */
    CANCELLED,
    /** It failed. */
    ERROR
}
