/**
 * JMH benchmarks: each kernel beside its plain loops, and a request through a guest beside the session directly. {@code StepCost} is a
 * program of its own, since it measures a thread's processor time.
 *
 * <p>May use {@code core} and {@code runtime}. Not part of the ordinary build. JMH starts and owns the threads.
 */
@NullMarked
package ai.realm.bench;

import org.jspecify.annotations.NullMarked;
