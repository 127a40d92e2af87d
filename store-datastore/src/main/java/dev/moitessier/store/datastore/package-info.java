/** The store on Google Cloud Datastore; start at {@link dev.moitessier.store.datastore.DatastoreStore}. */
@NullMarked
package dev.moitessier.store.datastore;

import org.jspecify.annotations.NullMarked;
