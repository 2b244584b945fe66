/** What a model file is, what it needs, and whether it will run. */
@NullMarked
package ai.realm.server.cli.inspect;

import org.jspecify.annotations.NullMarked;
