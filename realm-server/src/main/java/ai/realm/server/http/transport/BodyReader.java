package ai.realm.server.http.transport;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.tenant.TenantGate;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.EndPoint;

/** Reads bodies within a size and a time; a client that sends more slowly loses its connection. Thread-safe. */
public final class BodyReader implements AutoCloseable {
    /** What is read and thrown away of a refused body, so that the client gets to read the refusal. */
    private static final int DISCARDED_AT_MOST = 16 << 20;

    private final ScheduledThreadPoolExecutor timer;
    private final Duration limit;

    public BodyReader(Duration limit) {
        this.limit = limit;
        this.timer = new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().name("realm-body-timer").daemon().factory());
        timer.setRemoveOnCancelPolicy(true);
    }

    /**
     * The whole body, unpacked.
     *
     * @param maxBytes of it, as it comes and unpacked
     */
    public byte[] read(HttpServletRequest request, int maxBytes) {
        ContentEncoding encoding = ContentEncoding.of(request);
        return encoding.unpack(readPacked(request, maxBytes), maxBytes);
    }

    private byte[] readPacked(HttpServletRequest request, int maxBytes) {
        ScheduledFuture<?> timeout = startTimer(request);
        try {
            byte[] body = request.getInputStream().readNBytes(maxBytes + 1);
            if (body.length > maxBytes) {
                throw TenantGate.bodyTooLarge(maxBytes);
            }
            return body;
        } catch (IOException e) {
            throw new RealmException(ErrorCode.CANCELLED, "the body did not arrive, or not within " + limit.toSeconds() + " s",
                    e);
        } finally {
            timeout.cancel(false);
        }
    }

    /** Takes what is left of a body that nobody wants. A client that asked first ({@code Expect}) is simply told. */
    void discard(HttpServletRequest request) {
        if (request.getHeader("Expect") != null) {
            return;
        }
        ScheduledFuture<?> timeout = startTimer(request);
        try {
            InputStream in = request.getInputStream();
            byte[] buffer = new byte[8192];
            long left = DISCARDED_AT_MOST;
            while (left > 0) {
                int n = in.read(buffer);
                if (n < 0) {
                    return;
                }
                left -= n;
            }
        } catch (IOException e) {
            // The connection is broken; whoever writes the answer will see it too.
            return;
        } finally {
            timeout.cancel(false);
        }
    }

    private ScheduledFuture<?> startTimer(HttpServletRequest request) {
        EndPoint endPoint = ClientWatch.endPoint(request);
        return timer.schedule(() -> endPoint.close(), limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
