package dev.moitessier.prscd;

import dev.moitessier.Moitessier;

/** What the nodes of a server stand on. */
interface Backing {
    NodeRealms.OwnedLoop loop(String realm);

    RoomStore store(Loop loop);

    /** A thread for each realm, and the store that a {@link Moitessier} is on. */
    record OnMoitessier(Moitessier moitessier) implements Backing {
        @Override
        public NodeRealms.OwnedLoop loop(String realm) {
            throw new UnsupportedOperationException("waits for LoopThread");
        }

        @Override
        public RoomStore store(Loop loop) {
            throw new UnsupportedOperationException("waits for MoitessierRoomStore");
        }
    }
}
