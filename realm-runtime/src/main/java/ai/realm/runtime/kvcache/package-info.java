/** KV blocks, block tables and the prefix cache. */
@NullMarked
package ai.realm.runtime.kvcache;

import org.jspecify.annotations.NullMarked;
