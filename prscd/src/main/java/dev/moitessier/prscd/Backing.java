package dev.moitessier.prscd;

import dev.moitessier.Moitessier;
import java.util.concurrent.ExecutorService;

/** What the nodes of a server stand on. */
interface Backing extends AutoCloseable {
    NodeRealms.OwnedLoop loop(String realm);

    RoomStore store(Loop loop);

    /** The server has ended. */
    @Override
    void close();

    /** A thread for each realm, and the store that a {@link Moitessier} is on. */
    final class OnMoitessier implements Backing {
        private final Moitessier moitessier;
        private final ExecutorService blocking = Workers.perTask("prscd-store");

        OnMoitessier(Moitessier moitessier) {
            this.moitessier = moitessier;
        }

        @Override
        public NodeRealms.OwnedLoop loop(String realm) {
            var loop = new LoopThread("prscd-" + realm);
            return new NodeRealms.OwnedLoop(loop, loop::close);
        }

        @Override
        public RoomStore store(Loop loop) {
            return new MoitessierRoomStore(moitessier, blocking, loop);
        }

        @Override
        public void close() {
            blocking.shutdown();
        }
    }
}
