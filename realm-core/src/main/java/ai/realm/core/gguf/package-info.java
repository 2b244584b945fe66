/** GGUF bytes, parsed and checked into a {@link ai.realm.core.gguf.GgufFile}. */
@NullMarked
package ai.realm.core.gguf;

import org.jspecify.annotations.NullMarked;
