package dev.moitessier.prscd;

import dev.moitessier.Moitessier;
import java.util.concurrent.ExecutorService;

/** What the nodes of a server stand on: a thread for each realm, and the store that a {@link Moitessier} is on. */
final class Backing implements AutoCloseable {
    private final Moitessier moitessier;
    private final boolean owned;
    private final ExecutorService blocking = Workers.perTask("prscd-store");

    Backing(Moitessier moitessier) {
        this(moitessier, false);
    }

    /** @param owned closed with this */
    Backing(Moitessier moitessier, boolean owned) {
        this.moitessier = moitessier;
        this.owned = owned;
    }

    LoopThread loop(String realm) {
        return new LoopThread("prscd-" + realm);
    }

    RoomStore store(Loop loop) {
        return new MoitessierRoomStore(moitessier, blocking, loop);
    }

    /** Whether the store has answered within the lease. */
    boolean alive() {
        try {
            return moitessier.session().valid();
        } catch (IllegalStateException closed) {
            return false;
        }
    }

    /** Runs what may wait. */
    void execute(Runnable task) {
        blocking.execute(task);
    }

    /** Behind the nodes, which may still have something to say. */
    @Override
    public void close() {
        blocking.shutdown();
        if (owned) {
            moitessier.close();
        }
    }
}
