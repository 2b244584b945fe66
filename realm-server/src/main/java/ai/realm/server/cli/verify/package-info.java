/** Conformance data run against the engine: one class for each kind of case. */
@NullMarked
package ai.realm.server.cli.verify;

import org.jspecify.annotations.NullMarked;
