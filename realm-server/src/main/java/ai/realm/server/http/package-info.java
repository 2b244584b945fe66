/** Routes: JSON in, validated records out, answers back. */
@NullMarked
package ai.realm.server.http;

import org.jspecify.annotations.NullMarked;
