package dev.moitessier.prscd;

import java.util.concurrent.CompletionStage;

/** What one connection may do. Called on the node's loop: must not block. */
interface Access {
    /** Whether this client may join; what it sends for the channel meanwhile waits. A failed stage is a no. */
    CompletionStage<Boolean> join(String channel);

    /** Whether this client may send data and states in a channel that it has joined; asked for every message. */
    boolean publish(String channel);
}
