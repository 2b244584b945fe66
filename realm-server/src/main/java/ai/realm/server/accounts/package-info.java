/**
 * The database, SQLite or PostgreSQL, and what lies in it: accounts of requests and usage, tenants, models, guests, what guests
 * store, responses and conversations.
 *
 * <p>May use {@code server.domain}, {@code server.config} and {@code runtime.session}. Called by request threads; a connection is
 * lent to one thread at a time. A virtual thread watches a storage that failed and brings spooled accounts back.
 */
@NullMarked
package ai.realm.server.accounts;

import org.jspecify.annotations.NullMarked;
