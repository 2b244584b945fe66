package ai.realm.server.http.transport;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;

/**
 * Closes connections whose next request's headers take too long: Jetty's idle timeout alone lets a client hold a connection for
 * ever by sending a byte now and then. Looks every second at what each connection has received.
 */
public final class ConnectionGuard implements Connection.Listener, AutoCloseable {
    private final Map<Connection, Progress> connections = new ConcurrentHashMap<>();
    private final ScheduledThreadPoolExecutor timer;
    private final long limitNanos;

    /** What a connection had received when it began a request that is not complete yet; {@code since} 0 while it has not begun. */
    private static final class Progress {
        private long messages;
        private long bytes;
        private long since;
    }

    public ConnectionGuard(Duration limit) {
        this.limitNanos = limit.toNanos();
        this.timer = new ScheduledThreadPoolExecutor(1,
                Thread.ofPlatform().name("realm-connection-guard").daemon().factory());
        timer.scheduleWithFixedDelay(() -> sweep(System.nanoTime()), 1, 1, TimeUnit.SECONDS);
    }

    @Override
    public void onOpened(Connection connection) {
        connections.put(connection, new Progress());
    }

    @Override
    public void onClosed(Connection connection) {
        connections.remove(connection);
    }

    private void sweep(long now) {
        connections.forEach((c, p) -> {
            if (late(c, p, now)) {
                connections.remove(c);
                c.getEndPoint().close();
            }
        });
    }

    /** Messages in are counted when their headers are complete, messages out when their answers begin. */
    private boolean late(Connection c, Progress p, long now) {
        long messages = c.getMessagesIn();
        if (messages != p.messages || messages > c.getMessagesOut()) {
            p.messages = messages;
            p.bytes = c.getBytesIn();
            p.since = 0;
            return false;
        }
        if (p.since == 0) {
            p.since = c.getBytesIn() > p.bytes ? Math.max(1, now) : 0;
            return false;
        }
        return now - p.since > limitNanos;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
