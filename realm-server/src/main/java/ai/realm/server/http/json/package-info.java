/** JSON from clients, read within bounds, field by field, and JSON to them. */
@NullMarked
package ai.realm.server.http.json;

import org.jspecify.annotations.NullMarked;
