package dev.moitessier.store.datastore;

import com.google.cloud.NoCredentials;
import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.DatastoreOptions;
import dev.moitessier.store.datastore.emulator.Emulator;

/**
 * Clients of an emulator, with a namespace, and a project of the same name: the Datastore emulator copies all that a project has
 * whenever two transactions meet, and locks it as a whole, so that one project for all tests makes them slow.
 */
final class Clients {
    private Clients() {}

    static Datastore of(Emulator emulator, String namespace) {
        return through(emulator.port(), emulator, namespace);
    }

    /** Through a proxy's port. */
    static Datastore through(int port, Emulator emulator, String namespace) {
        return DatastoreOptions.newBuilder()
                .setHost("http://" + emulator.host() + ":" + port)
                .setProjectId(namespace)
                .setNamespace(namespace)
                .setCredentials(NoCredentials.getInstance())
                .build()
                .getService();
    }
}
