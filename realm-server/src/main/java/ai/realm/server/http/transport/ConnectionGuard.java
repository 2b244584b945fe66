package ai.realm.server.http.transport;

import ai.realm.server.config.ConnectionSettings;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http2.HTTP2Connection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds the connections of a listener in number and in time. When there are too many, in all or from one address, the one that has been
 * without a request for longest is closed, and the newest where all have one: whoever holds connections in silence keeps nobody out.
 * A connection whose next request's headers take too long is closed, from its accept on: Jetty's idle timeout alone lets a client hold
 * one for ever by sending a byte now and then. Thread-safe.
 */
final class ConnectionGuard implements Connection.Listener, HttpConfiguration.Customizer, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionGuard.class);
    private final Map<Connection, Progress> connections = new IdentityHashMap<>();
    private final Map<Object, Integer> byAddress = new HashMap<>();
    private final ScheduledThreadPoolExecutor timer;
    private final ConnectionSettings limits;
    private final long headerNanos;

    /** What is known of a connection; guarded by the guard's lock. */
    private static final class Progress {
        private final Object address;
        private int requests;
        private long bytes;
        /** When its current request began to arrive, or the connection was accepted; 0 between two requests. */
        private long since;
        /** Since when it has no request. */
        private long idleSince;

        Progress(Object address, long now) {
            this.address = address;
            this.since = now;
            this.idleSince = now;
        }
    }

    ConnectionGuard(ConnectionSettings limits) {
        this.limits = limits;
        this.headerNanos = limits.headers().toNanos();
        this.timer = new ScheduledThreadPoolExecutor(1,
                Thread.ofPlatform().name("realm-connection-guard").daemon().factory());
        timer.scheduleWithFixedDelay(() -> sweep(now()), 1, 1, TimeUnit.SECONDS);
    }

    /** Never 0, which means that nothing has begun. */
    private static long now() {
        return System.nanoTime() | 1;
    }

    @Override
    public void onOpened(Connection connection) {
        if (connection instanceof SslConnection) {
            // What is within it counts.
            return;
        }
        Connection surplus = null;
        synchronized (this) {
            Progress p = new Progress(addressOf(connection), now());
            connections.put(connection, p);
            int fromThere = byAddress.merge(p.address, 1, Integer::sum);
            if (fromThere > limits.perAddress() || connections.size() > limits.most()) {
                surplus = longestIdle(connection, fromThere > limits.perAddress() ? p.address : null);
                remove(surplus);
            }
        }
        if (surplus != null) {
            surplus.getEndPoint().close();
        }
    }

    private static Object addressOf(Connection connection) {
        SocketAddress remote = connection.getEndPoint().getRemoteSocketAddress();
        return remote instanceof InetSocketAddress a && a.getAddress() != null ? a.getAddress() : String.valueOf(remote);
    }

    /** @param newest what goes when all the others have a request */
    private Connection longestIdle(Connection newest, @Nullable Object address) {
        Connection longest = newest;
        long since = Long.MAX_VALUE;
        long now = now();
        for (Map.Entry<Connection, Progress> e : connections.entrySet()) {
            Progress p = e.getValue();
            if (p.requests == 0 && e.getKey() != newest && (address == null || p.address.equals(address))
                    && p.idleSince - now < since) {
                longest = e.getKey();
                since = p.idleSince - now;
            }
        }
        return longest;
    }

    @Override
    public synchronized void onClosed(Connection connection) {
        remove(connection);
    }

    private void remove(Connection connection) {
        Progress p = connections.remove(connection);
        if (p != null) {
            byAddress.computeIfPresent(p.address, (_, n) -> n == 1 ? null : n - 1);
        }
    }

    /** A request's headers have arrived: its connection is busy until it is answered. */
    @Override
    public Request customize(Request request, HttpFields.Mutable responseHeaders) {
        Connection connection = request.getConnectionMetaData().getConnection();
        begin(connection);
        Request.addCompletionListener(request, _ -> end(connection));
        return request;
    }

    synchronized void begin(Connection connection) {
        Progress p = connections.get(connection);
        if (p != null) {
            p.requests++;
        }
    }

    /** A request is answered: what the order of the idle ones goes by. */
    synchronized void end(Connection connection) {
        Progress p = connections.get(connection);
        if (p != null) {
            p.requests--;
            p.bytes = connection.getBytesIn();
            p.since = 0;
            p.idleSince = now();
        }
    }

    private void sweep(long now) {
        Connection[] late;
        synchronized (this) {
            late = connections.entrySet().stream().filter(e -> isLate(e.getKey(), e.getValue(), now)).map(Map.Entry::getKey)
                    .toArray(Connection[]::new);
            for (Connection c : late) {
                remove(c);
            }
        }
        for (Connection c : late) {
            close(c);
        }
    }

    /** A sweep that throws would be the last. */
    private static void close(Connection c) {
        try {
            c.getEndPoint().close();
        } catch (RuntimeException e) {
            LOG.warn("a late connection could not be closed", e);
        }
    }

    private boolean isLate(Connection c, Progress p, long now) {
        if (p.requests > 0 || c instanceof HTTP2Connection && p.since == 0) {
            // Frames of HTTP/2 come between requests too; silence has its own bound.
            return false;
        }
        if (p.since == 0) {
            p.since = c.getBytesIn() > p.bytes ? now : 0;
            return false;
        }
        return now - p.since > headerNanos;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
