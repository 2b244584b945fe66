package ai.realm.runtime.session;

/** Why a generation ended. */
public enum FinishReason {
    /** The model's end, a stop token, a stop string, or a guest said so. */
    STOP,
    /** The output limit or the context was reached. */
    LENGTH,
    /** A guest held back what was not to be said. */
    CONTENT_FILTER,
    /** A guest calls tools of the client. */
    TOOL_CALLS,
    /** The request was cancelled. */
    CANCELLED,
    /** It failed. */
    ERROR
}
