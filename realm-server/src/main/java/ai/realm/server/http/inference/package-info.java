/** The seam between API shapes and the model: what a request asks for, checked, run in a guest, answered by events. */
@NullMarked
package ai.realm.server.http.inference;

import org.jspecify.annotations.NullMarked;
