package ai.realm.server.http.transport;

import ai.realm.core.error.RealmException;
import ai.realm.server.error.ConflictException;
import ai.realm.server.error.ErrorBody;
import java.util.Map;

/** How an API writes its errors as JSON. */
@FunctionalInterface
public interface ErrorShape {
    /** OpenAI's, and that of every route that belongs to no other API. */
    ErrorShape OPENAI = e -> e instanceof ConflictException c
            ? Map.of("error", ErrorBody.of(e).error(), "current", c.current())
            : ErrorBody.of(e);

    /** The value whose JSON is the answer's body, or an event of a stream. */
    Object body(RealmException error);
}
