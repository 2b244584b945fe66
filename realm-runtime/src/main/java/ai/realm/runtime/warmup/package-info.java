/** What makes a model's first requests as fast as the later ones. */
@NullMarked
package ai.realm.runtime.warmup;

import org.jspecify.annotations.NullMarked;
