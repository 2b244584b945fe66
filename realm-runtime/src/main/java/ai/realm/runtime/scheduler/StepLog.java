package ai.realm.runtime.scheduler;

/** Told which steps of the request path a sequence has reached, each as often as it does. Called on engine threads. */
@FunctionalInterface
public interface StepLog {
    /** Nobody wants to know. */
    StepLog NONE = (step, name) -> {};

    /** @param step as docs/architecture.md numbers them */
    void reached(int step, String name);
}
