/** What is computed next, of whom, and what of it is kept: the scheduler, its sequences and the fair share. */
@NullMarked
package ai.realm.runtime.scheduler;

import org.jspecify.annotations.NullMarked;
