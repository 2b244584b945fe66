/** JMH benchmarks of the kernels. */
@NullMarked
package ai.realm.bench;

import org.jspecify.annotations.NullMarked;
