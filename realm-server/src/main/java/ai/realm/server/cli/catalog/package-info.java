/** Models by name: the catalogue, and how its files come onto the disk. */
@NullMarked
package ai.realm.server.cli.catalog;

import org.jspecify.annotations.NullMarked;
