package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.http.transport.TraceParent;
import ai.realm.server.sse.NdjsonStream;
import ai.realm.server.sse.SseStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** The other end of one request: a client's connection, or a batch that the server works on. Used by one thread. */
public interface Exchange {
    String requestId();

    /**
     * Whose request it is.
     *
     * @throws RealmException INVALID_API_KEY, TENANT_SUSPENDED
     */
    Tenant tenant();

    /** The trace that it belongs to; null for none. */
    default @Nullable TraceParent trace() {
        return null;
    }

    /** The flow that a gateway is fair to, for logs; null for none. */
    default @Nullable String flow() {
        return null;
    }

    /** Refuses a request that would go on without its client, where that makes no sense. */
    default void requireLeave() {
    }

    /** How long the body is said to be; -1 when nothing is said. */
    long bodyLength();

    /** The body. */
    byte[] body(int maxBytes);

    /** What stands in the request's path where its route has a name. */
    String pathParam(String name);

    /** A header of the request, or null. */
    default @Nullable String requestHeader(String name) {
        return null;
    }

    /** A header of the answer, before it is sent. */
    void header(String name, String value);

    /** The answer, as one JSON value. */
    void json(int status, Object value);

    /** The answer's bytes. */
    OutputStream output(int status, String contentType) throws IOException;

    /** The answer, when the request has failed. */
    void error(RealmException e, ErrorShape shape);

    /** The answer as server-sent events; committed with the first. */
    SseStream events(RequestContext context);

    /** The answer as lines of JSON; committed with the first. */
    NdjsonStream lines(RequestContext context);

    /** Cancels {@code context} when the other end goes away, until the result is closed. */
    Watch watch(RequestContext context);

    /** The answer is complete, and nothing more can be asked over the same connection. */
    void closeAfter();

    /** Keeps the account of the request. */
    void keep(RequestRecord account);

    /** Looks whether the other end is still there. */
    interface Watch extends AutoCloseable {
        /** Whether the connection must be closed after this request. */
        boolean mustClose();

        @Override
        void close();
    }
}
