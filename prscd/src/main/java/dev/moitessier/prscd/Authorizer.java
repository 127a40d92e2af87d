package dev.moitessier.prscd;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Decides what an admitted client may do in a channel. Called by many threads at once; must not block. */
public interface Authorizer {
    /** Whether it may join and so hear everything in the channel. A stage that fails is a no. */
    CompletionStage<Boolean> mayJoin(PeerIdentity peer, String channel);

    /** Whether it may send data and its state to the channel; asked for each message. */
    boolean mayPublish(PeerIdentity peer, String channel);

    /** Lets every admitted client do everything: for a realm whose key is only given to those who may. */
    static Authorizer everything() {
        return new Authorizer() {
            @Override
            public CompletionStage<Boolean> mayJoin(PeerIdentity peer, String channel) {
                return CompletableFuture.completedStage(true);
            }

            @Override
            public boolean mayPublish(PeerIdentity peer, String channel) {
                return true;
            }
        };
    }
}
