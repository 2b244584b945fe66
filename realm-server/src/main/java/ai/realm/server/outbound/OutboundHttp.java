package ai.realm.server.outbound;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.FairShares;
import ai.realm.runtime.guest.GuestOutside.HttpAsk;
import ai.realm.runtime.guest.GuestOutside.HttpReply;
import ai.realm.runtime.guest.GuestOutside.HttpTrouble;
import ai.realm.server.domain.Tenant;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** Sends guests' HTTP requests: so many at the same time, shared fairly by tenants. Thread-safe; owns the threads that wait for answers. */
public final class OutboundHttp implements AutoCloseable {
    private static final int MOST = 128;

    private final Names names;
    private final SSLSocketFactory tls;
    private final Listener listener;
    private final FairShares places = new FairShares(MOST);
    private final ExecutorService threads = Executors
            .newCachedThreadPool(Thread.ofPlatform().daemon().name("guest-http-", 0).factory());

    /** What finds the addresses of a name. */
    @FunctionalInterface
    interface Names {
        InetAddress[] find(String host) throws UnknownHostException;
    }

    /** Told how each request ended. */
    @FunctionalInterface
    public interface Listener {
        /** @param outcome {@code 2xx} and the like, {@code refused} or {@code failed} */
        void ended(String tenant, String outcome);
    }

    public OutboundHttp(Listener listener) {
        this(InetAddress::getAllByName, (SSLSocketFactory) SSLSocketFactory.getDefault(), listener);
    }

    OutboundHttp(Names names, SSLSocketFactory tls, Listener listener) {
        this.names = names;
        this.tls = tls;
        this.listener = listener;
    }

    /**
     * Sends a tenant's request and waits for its answer.
     *
     * @throws HttpTrouble when there is none
     * @throws RealmException OVERLOADED when too many are under way
     * @throws InterruptedException the request is given up then
     */
    public HttpReply send(Tenant tenant, HttpAsk ask) throws InterruptedException {
        OutboundRequest request = new OutboundRequest(tenant, ask, names, tls);
        String outcome = "failed";
        try {
            HttpReply reply = run(tenant, ask, request);
            outcome = reply.status() / 100 + "xx";
            return reply;
        } catch (HttpTrouble e) {
            outcome = e.kind() == HttpTrouble.Kind.FAILED ? "failed" : "refused";
            throw e;
        } finally {
            listener.ended(tenant.id(), outcome);
        }
    }

    private HttpReply run(Tenant tenant, HttpAsk ask, OutboundRequest request) throws InterruptedException {
        request.check();
        if (!places.tryTake(tenant.id(), 1)) {
            throw new RealmException(ErrorCode.OVERLOADED, "too many HTTP requests of guests are under way: "
                    + places.used() + " of " + places.max() + ", " + places.held(tenant.id())
                    + " of them this tenant's, which is its share");
        }
        Future<HttpReply> answer;
        try {
            answer = threads.submit(() -> {
                try {
                    return request.send();
                } finally {
                    // Not before, however long a name's look-up takes that nobody waits for any more.
                    places.giveBack(tenant.id(), 1);
                }
            });
        } catch (RuntimeException | Error e) {
            // Also when the system has no more threads.
            places.giveBack(tenant.id(), 1);
            throw e;
        }
        try {
            return answer.get(ask.millis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof HttpTrouble known ? known : failed(request, e.getCause());
        } catch (TimeoutException e) {
            throw new HttpTrouble(HttpTrouble.Kind.TOO_LATE, request.shown() + " did not answer in " + ask.millis() + " ms");
        } finally {
            request.abort();
        }
    }

    /** Requests that hold a place. */
    long underWay() {
        return places.used();
    }

    /** Of what an unknown failure says nothing is told: it may hold what was sent. */
    private static HttpTrouble failed(OutboundRequest request, @Nullable Throwable cause) {
        String kind = cause instanceof IOException ? "the connection broke" : "the host failed";
        return new HttpTrouble(HttpTrouble.Kind.FAILED, request.shown() + ": " + kind);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
