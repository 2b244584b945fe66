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
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.SelectableChannelEndPoint;
import org.jspecify.annotations.Nullable;

/**
 * Notices clients that go away while the server has nothing to write to them, in prefill or while an unstreamed answer grows.
 * Jetty does not read from a connection whose request is under way. So one thread asks each socket every 20 ms whether its other
 * end was closed. A client that closes only its sending half counts as gone.
 */
public final class ClientWatch implements AutoCloseable {
    private static final long PERIOD_MILLIS = 20;

    private final List<Watched> watched = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean closed;

    public ClientWatch() {
        thread = Thread.ofPlatform().name("realm-client-watch").daemon().start(this::run);
    }

    /** Watches the connection of {@code request}, whose body has been read, until the result is closed. */
    public Watched watch(HttpServletRequest request, RequestContext context) {
        EndPoint endPoint = endPoint(request);
        SocketChannel channel = endPoint instanceof SelectableChannelEndPoint s && s.getChannel() instanceof SocketChannel c
                ? c
                : null;
        Watched w = new Watched(channel, context);
        if (channel != null) {
            synchronized (this) {
                watched.add(w);
                notifyAll();
            }
        }
        return w;
    }

    static EndPoint endPoint(HttpServletRequest request) {
        return ServletContextRequest.getServletContextRequest(request).getConnectionMetaData().getConnection().getEndPoint();
    }

    private void run() {
        ByteBuffer one = ByteBuffer.allocate(1);
        try {
            while (!closed) {
                pause();
                for (Watched w : watched) {
                    if (!w.poll(one)) {
                        watched.remove(w);
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
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
        private boolean done;
        private boolean pipelined;

        private Watched(@Nullable SocketChannel channel, RequestContext context) {
            this.channel = channel;
            this.context = context;
        }

        /** False when there is nothing more to watch. The lock keeps this read from running into Jetty's own. */
        private boolean poll(ByteBuffer one) {
            int read;
            synchronized (this) {
                if (done || channel == null) {
                    return false;
                }
                try {
                    one.clear();
                    read = channel.read(one);
                } catch (IOException e) {
                    read = -1;
                }
                done = read != 0;
                pipelined = read > 0;
            }
            if (read < 0) {
                context.cancel(ErrorCode.CANCELLED, "the client has gone");
            }
            return read == 0;
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
