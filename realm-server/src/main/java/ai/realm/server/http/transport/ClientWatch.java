package ai.realm.server.http.transport;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.session.RequestContext;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.SelectableChannelEndPoint;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices clients that go away while the server has nothing to write to them, in prefill or while an unstreamed answer grows.
 * Jetty does not read from a connection whose request is under way. So one thread asks each socket every 20 ms whether its other
 * end was closed. A client that closes only its sending half counts as gone.
 */
public final class ClientWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClientWatch.class);
    private static final long PERIOD_MILLIS = 20;
    private static final String GONE = "the client has gone";
    /** Of a TLS record: its type, version and length. */
    private static final int RECORD_HEADER = 5;
    private static final byte ALERT = 21;
    /** In TLS 1.3: two bytes, the type, and the tag of the cipher. */
    private static final int LONGEST_ALERT = 32;

    private final List<Watched> watched = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean closed;

    public ClientWatch() {
        thread = Thread.ofPlatform().name("realm-client-watch").daemon().start(this::run);
    }

    /** Watches the connection of {@code request}, whose body has been read, until the result is closed. */
    public Watched watch(HttpServletRequest request, RequestContext context) {
        EndPoint endPoint = endPoint(request);
        boolean multiplexed = isMultiplexed(request);
        boolean tls = endPoint instanceof EndPoint.Wrapper;
        EndPoint raw = endPoint instanceof EndPoint.Wrapper wrapper ? wrapper.unwrap() : endPoint;
        SocketChannel channel = !multiplexed && raw instanceof SelectableChannelEndPoint s
                && s.getChannel() instanceof SocketChannel c ? c : null;
        Watched w = new Watched(channel, context, tls);
        if (multiplexed) {
            // Jetty reads such a connection all the time, and knows when the stream is reset.
            ServletContextRequest.getServletContextRequest(request)
                    .addFailureListener(_ -> context.cancel(ErrorCode.CANCELLED, GONE));
        }
        if (channel != null) {
            synchronized (this) {
                watched.add(w);
                notifyAll();
            }
        }
        return w;
    }

    private static boolean isMultiplexed(HttpServletRequest request) {
        return ServletContextRequest.getServletContextRequest(request).getConnectionMetaData()
                .getHttpVersion() == HttpVersion.HTTP_2;
    }

    static EndPoint endPoint(HttpServletRequest request) {
        return ServletContextRequest.getServletContextRequest(request).getConnectionMetaData().getConnection().getEndPoint();
    }

    private void run() {
        ByteBuffer few = ByteBuffer.allocate(RECORD_HEADER);
        try {
            while (!closed) {
                pause();
                for (Watched w : watched) {
                    if (!polled(w, few)) {
                        watched.remove(w);
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whatever fails at one connection, the others are watched on. */
    private static boolean polled(Watched w, ByteBuffer few) {
        try {
            return w.poll(few);
        } catch (RuntimeException e) {
            LOG.error("a client is not watched any more", e);
            return false;
        }
    }

    private synchronized void pause() throws InterruptedException {
        while (watched.isEmpty() && !closed) {
            wait();
        }
        wait(PERIOD_MILLIS);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }

    /** One connection being watched. Closing it gives the socket back to Jetty. */
    public final class Watched implements AutoCloseable {
        private final @Nullable SocketChannel channel;
        private final RequestContext context;
        private final boolean tls;
        private boolean done;
        private boolean pipelined;

        private Watched(@Nullable SocketChannel channel, RequestContext context, boolean tls) {
            this.channel = channel;
            this.context = context;
            this.tls = tls;
        }

        /** False when there is nothing more to watch. The lock keeps this read from running into Jetty's own. */
        private boolean poll(ByteBuffer few) {
            int read;
            synchronized (this) {
                if (done || channel == null) {
                    return false;
                }
                try {
                    few.clear().limit(tls ? RECORD_HEADER : 1);
                    read = channel.read(few);
                    if (read == RECORD_HEADER && tls && isAlert(few)) {
                        read = -1;
                    }
                } catch (IOException e) {
                    read = -1;
                }
                done = read != 0;
                pipelined = read > 0;
            }
            if (read < 0) {
                context.cancel(ErrorCode.CANCELLED, GONE);
            }
            return read == 0;
        }

        /** A record that says that the client closes: an alert, or an encrypted one, which no request is as short as. */
        private static boolean isAlert(ByteBuffer header) {
            int length = header.getShort(3) & 0xffff;
            return header.get(0) == ALERT || length <= LONGEST_ALERT;
        }

        /** True when a byte of a next request was taken: the connection must be closed after this one. */
        public boolean mustClose() {
            synchronized (this) {
                return pipelined;
            }
        }

        @Override
        public void close() {
            synchronized (this) {
                done = true;
            }
            watched.remove(this);
        }
    }
}
