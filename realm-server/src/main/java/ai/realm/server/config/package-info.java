/** realm.yaml, read strictly into records. */
@NullMarked
package ai.realm.server.config;

import org.jspecify.annotations.NullMarked;
