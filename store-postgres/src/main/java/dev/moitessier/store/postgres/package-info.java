/** The store on PostgreSQL 13 and newer; start at {@link dev.moitessier.store.postgres.PostgresStore}. */
@NullMarked
package dev.moitessier.store.postgres;

import org.jspecify.annotations.NullMarked;
