package dev.moitessier.prscd;

import dev.moitessier.psig.ChannelEvent;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** A channel as Java code sees it, on all nodes at once. Thread-safe; made by {@link PrscdServer#channel}. */
public interface PrscdChannel {
    String realm();

    String name();

    /** Sends to everybody in the channel, as from the client id {@code server}. Returns at once. */
    default void broadcast(ChannelEvent event) {
        broadcast("server", event);
    }

    /**
     * Sends to everybody in the channel; returns at once.
     *
     * @param from the client id that receivers see as the sender; a client of that id gets it too
     */
    void broadcast(String from, ChannelEvent event);

    /** Who is in the channel now, one entry for each client id. Known half a second after the first question at the latest. */
    CompletionStage<List<ChannelPeer>> peers();
}
