package ai.realm.server.cli;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import sun.misc.Signal;

/**
 * SIGHUP, which asks for the configuration to be read again. Taken from the first moment, as it would end the process otherwise; what is
 * asked while the server starts is done when it is ready. Thread-safe.
 */
final class ReloadSignal {
    private final Consumer<Runnable> threads;
    private @Nullable Runnable reload;
    private boolean isAsked;

    /** @param threads runs each reload */
    ReloadSignal(Consumer<Runnable> threads) {
        this.threads = threads;
    }

    /** One that the process's signals reach from now on. */
    static ReloadSignal installed() {
        ReloadSignal signal = new ReloadSignal(r -> Thread.ofVirtual().name("reload").start(r));
        Signal.handle(new Signal("HUP"), _ -> signal.ask());
        return signal;
    }

    synchronized void ask() {
        if (reload == null) {
            isAsked = true;
        } else {
            threads.accept(reload);
        }
    }

    /** The server is ready. */
    synchronized void ready(Runnable how) {
        reload = how;
        if (isAsked) {
            threads.accept(how);
        }
    }
}
