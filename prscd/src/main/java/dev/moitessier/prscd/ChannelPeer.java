package dev.moitessier.prscd;

import java.nio.ByteBuffer;

/**
 * Somebody in a channel.
 *
 * @param id the client id
 * @param state the state it shows, as the MessagePack map that the client sent; read-only
 */
public record ChannelPeer(String id, ByteBuffer state) {
    public ChannelPeer {
        state = state.asReadOnlyBuffer();
    }

    @Override
    public ByteBuffer state() {
        return state.duplicate();
    }
}
