package dev.moitessier.prscd;

import java.time.Duration;

/**
 * One realm's settings on this process.
 *
 * @param realm the name of the realm: part of every scope, and the {@code app} of signallings that functions see
 * @param mesh told to clients in every frame, as the original does
 * @param lease the lease of the store's session: how long rosters may be held back, and how long the dead are remembered
 * @param settle how long a changed state waits before it goes to the log (the volatile lane has it already)
 * @param tick how often changes are packed for the volatile lane
 * @param linger how long peers of a draining node are kept for their return
 * @param lingerOnLoss how long a peer whose connection broke is kept; zero: it leaves at once
 * @param reconcile how often an open channel looks for nodes that closed it without a word
 */
record NodeSettings(
        String realm,
        String mesh,
        Duration lease,
        Duration settle,
        Duration tick,
        Duration linger,
        Duration lingerOnLoss,
        Duration reconcile,
        Limits limits) {
    static NodeSettings of(String realm, String mesh) {
        return new NodeSettings(
                realm,
                mesh,
                Duration.ofSeconds(3),
                Duration.ofSeconds(1),
                Duration.ofMillis(50),
                Duration.ofSeconds(15),
                Duration.ZERO,
                Duration.ofSeconds(30),
                Limits.DEFAULT);
    }

    /**
     * Bounds on what one client, channel or node may hold.
     *
     * @param channelsPerPeer channels that one connection may have joined
     * @param stateBytes largest state of a peer
     * @param entryBytes largest entry of the log; larger rosters go in parts
     * @param ringMessages immediate data waiting for the store per channel, then the oldest is dropped
     * @param ringBytes the same in bytes
     * @param nodeRingBytes the same over all channels of the node
     * @param queueMessages ordered data waiting for the store per channel, then the sender's socket is not read
     * @param queueBytes the same in bytes
     * @param nodeQueueBytes the same over all channels of the node
     */
    record Limits(
            int channelsPerPeer,
            int stateBytes,
            int entryBytes,
            int ringMessages,
            int ringBytes,
            long nodeRingBytes,
            int queueMessages,
            int queueBytes,
            long nodeQueueBytes) {
        static final Limits DEFAULT =
                new Limits(100, 32 << 10, 128 << 10, 64, 64 << 10, 8 << 20, 256, 1 << 20, 64 << 20);
    }
}
