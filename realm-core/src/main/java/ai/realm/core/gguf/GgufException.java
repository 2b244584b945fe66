package ai.realm.core.gguf;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;

/** A GGUF file that is malformed or cannot be run: the rule, the value found, and the byte offset (or -1) it was found at. */
public final class GgufException extends RealmException {
    private static final long serialVersionUID = 1L;

    private final long offset;

    public GgufException(String message, long offset) {
        super(ErrorCode.MODEL_INVALID, offset < 0 ? message : message + " (at byte " + offset + ")");
        this.offset = offset;
    }

    /** The offset in the file of what is wrong, or -1 where the fault has no one place. */
    public long offset() {
        return offset;
    }
}
