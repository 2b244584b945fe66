package ai.realm.server.error;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A change of something that is not any more what the client has seen; it carries what it is now. */
public final class ConflictException extends RealmException {
    private static final long serialVersionUID = 1L;

    private final transient ObjectNode current;

    public ConflictException(String message, ObjectNode current) {
        super(ErrorCode.CONFLICT, message);
        this.current = current;
    }

    public ObjectNode current() {
        return current;
    }
}
