package ai.realm.core.kernel;

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

    @Override
    void close();
}
