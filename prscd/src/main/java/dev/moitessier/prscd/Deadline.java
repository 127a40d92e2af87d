package dev.moitessier.prscd;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Closes a connection that has not become a client in time, wherever it stands: silent, in the TLS handshake, or between two headers. */
final class Deadline extends ChannelInboundHandlerAdapter {
    private final Duration limit;
    private @Nullable Future<?> waiting;

    Deadline(Duration limit) {
        this.limit = limit;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        Channel channel = context.channel();
        waiting = channel.eventLoop()
                .schedule(
                        () -> {
                            ChannelFuture unused = channel.close();
                        },
                        limit.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        Future<?> present = waiting;
        if (present != null) {
            present.cancel(false);
        }
    }

    /** The connection has become a client. */
    static void met(Channel channel) {
        if (channel.pipeline().get(Deadline.class) != null) {
            channel.pipeline().remove(Deadline.class);
        }
    }
}
