package ai.realm.runtime.guest;

/** The port for metrics: what happens to guests, as it happens. Called on any thread: must be quick, thread-safe and not throw. */
public interface GuestListener {
    /** Nobody is listening. */
    GuestListener NONE = new GuestListener() {
    };

    /** A tenant's guest reached one of its limits. */
    default void limitReached(String tenant, GuestLimit limit) {
    }

    /** An instance was made, in so many nanoseconds. */
    default void instanceCreated(String tenant, String digest, long nanos) {
    }

    /** A request has ended; {@code failed} when its answer is an error. */
    default void requestEnded(String tenant, String digest, long cpuNanos, boolean failed) {
    }

    /** The code of a module that nobody had used for long was let go. */
    default void evicted(String digest) {
    }

    /** The code of a module was made again from its image, in so many nanoseconds. */
    default void restored(String digest, long nanos) {
    }

    /** A module was compiled, not taken from a cache. */
    default void compiled(String digest, long nanos) {
    }

    /** Guest code had to wait for the share of all guests. */
    default void throttled(String tenant, long nanos) {
    }
}
