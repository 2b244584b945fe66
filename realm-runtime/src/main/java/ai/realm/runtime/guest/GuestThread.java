package ai.realm.runtime.guest;

import org.jspecify.annotations.Nullable;

/**
 * A thread that runs guest code. Compiled guest code asks its thread at every call and every turn of a loop whether it was
 * interrupted; the answer is also the place where the governor makes it wait for its turn.
 */
final class GuestThread extends Thread {
    private @Nullable Supervision current;

    GuestThread(Runnable body, String name, long stackBytes) {
        super(null, body, name, stackBytes, false);
        setDaemon(true);
    }

    /** What this thread runs from now on, null for nothing; called by the thread itself. */
    static void runs(@Nullable Supervision supervision) {
        if (Thread.currentThread() instanceof GuestThread thread) {
            thread.current = supervision;
        }
    }

    @Override
    public boolean isInterrupted() {
        Supervision supervision = current;
        if (supervision != null && supervision.paused() && Thread.currentThread() == this) {
            supervision.awaitTurn(super::isInterrupted);
        }
        return super.isInterrupted();
    }
}
