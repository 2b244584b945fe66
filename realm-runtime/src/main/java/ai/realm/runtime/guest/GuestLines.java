package ai.realm.runtime.guest;

/** The port for tenants' logs: what their guests say, and where they were stopped. Called on any thread: must be quick and not throw. */
@FunctionalInterface
public interface GuestLines {
    /** Nobody keeps them. */
    GuestLines NONE = (_, _, _, _, _) -> {};

    /**
     * A guest has said something, or was stopped.
     *
     * @param level 0 error, 1 warning, 2 information, anything else debug
     * @param text one line, printable, of a bounded length
     */
    void line(String tenant, String requestId, String digest, int level, String text);
}
