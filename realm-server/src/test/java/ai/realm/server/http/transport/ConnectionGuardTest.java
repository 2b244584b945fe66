package ai.realm.server.http.transport;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.config.ConnectionSettings;
import java.time.Duration;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.eclipse.jetty.io.Connection;
import org.junit.jupiter.api.Test;

/** Which connection gives way, in an order that no network disturbs. */
class ConnectionGuardTest {
    private static ConnectionGuard guard(int most, int perAddress) {
        return new ConnectionGuard(new ConnectionSettings(most, perAddress, Duration.ofSeconds(60), Duration.ofSeconds(60),
                Duration.ofSeconds(60)));
    }

    /** A connection without a network; all are of one address. */
    private static Connection open(ConnectionGuard guard) {
        Connection c = new AbstractConnection(new ByteArrayEndPoint(), Runnable::run) {
            @Override
            public void onFillable() {
                // nothing is read
            }
        };
        guard.onOpened(c);
        return c;
    }

    private static void answer(ConnectionGuard guard, Connection c) {
        guard.begin(c);
        guard.end(c);
    }

    private static boolean isOpen(Connection c) {
        return c.getEndPoint().isOpen();
    }

    @Test
    void opened_aboveTheAddressBound_closesTheOneWithoutARequestForLongest() {
        try (ConnectionGuard guard = guard(100, 3)) {
            Connection a = open(guard);
            Connection b = open(guard);
            Connection c = open(guard);
            answer(guard, b);
            answer(guard, c);
            answer(guard, a);
            Connection d = open(guard);
            assertThat(isOpen(b)).as("answered first").isFalse();
            assertThat(new boolean[]{isOpen(a), isOpen(c), isOpen(d)}).containsOnly(true);
        }
    }

    @Test
    void opened_whereAllOthersAreBusy_closesTheNewest() {
        try (ConnectionGuard guard = guard(2, 2)) {
            Connection a = open(guard);
            Connection b = open(guard);
            guard.begin(a);
            guard.begin(b);
            Connection c = open(guard);
            assertThat(new boolean[]{isOpen(a), isOpen(b), isOpen(c)}).containsExactly(true, true, false);
        }
    }

    @Test
    void opened_afterOneWasClosed_findsRoom() {
        try (ConnectionGuard guard = guard(2, 2)) {
            Connection a = open(guard);
            Connection b = open(guard);
            guard.onClosed(a);
            Connection c = open(guard);
            assertThat(new boolean[]{isOpen(b), isOpen(c)}).containsOnly(true);
        }
    }
}
