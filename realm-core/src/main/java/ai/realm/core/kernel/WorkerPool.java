package ai.realm.core.kernel;

import org.jspecify.annotations.Nullable;

/**
 * The threads that share one forward pass: {@link #run} calls a task once for every part on some thread, the caller's included,
 * and returns when all are done; everything the parts wrote is then visible to the caller. One caller at a time. A part that
 * throws fails the call after the others have ended. Closing ends the threads.
 */
public interface WorkerPool extends AutoCloseable {
    /** Number of threads, the caller's included; at least 1. */
    int threads();

    /** Calls {@code task.run(part)} for parts 0 to {@code parts - 1}. */
    void run(int parts, Task task);

    /** One part of the work. */
    @FunctionalInterface
    interface Task {
        void run(int part);
    }

    /**
     * What threads do from now on while they spin for others or for the next region; null for nothing. A pool whose threads do not spin
     * does none of it; a failure of it ends it and fails the next call of {@link #run}.
     */
    default void whileWaiting(@Nullable Spare work) {
    }

    /** Work that is of use but need not be done: what is left of it when a region begins is left. */
    @FunctionalInterface
    interface Spare {
        /**
         * Does a little of it, about a microsecond, and returns whether there is more for this thread.
         *
         * @param thread 0 for the caller of {@link WorkerPool#run}, then the other threads
         */
        boolean run(int thread);
    }

    @Override
    void close();
}
