package dev.moitessier.yomo;

import io.netty.handler.codec.quic.QuicConnectionPathStats;
import java.util.concurrent.TimeUnit;

/**
 * Whether all that was sent has arrived. The QUIC library does not tell what the other side has acknowledged, but what it has
 * not is sent again, each time after twice the time (RFC 9002 §6.2). So all has arrived when nothing has left for much longer
 * than that takes; or, where packets leave all the time because the other side goes on sending, when nothing was sent again for
 * longer still. Used by one thread, that of the timers which send again: time in which it stands still must not count, so a look
 * counts for {@link #LOOK_NANOS}, however late it is.
 */
final class Settling {
    /** Between two looks. */
    static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** More than twice the first time-out of a fast network: 25 ms for the acknowledgement, and some round trips. */
    private static final long STILL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final long MENDED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Still leaving = new Still(STILL_NANOS);
    private final Still mending = new Still(MENDED_NANOS);

    /** Asked each {@link #LOOK_NANOS} or later. */
    boolean settled(QuicConnectionPathStats stats) {
        return settled(stats.sent(), stats.lost() + stats.retrans() + stats.streamRetransBytes(), stats.rtt());
    }

    boolean settled(long sent, long sentAgain, long roundTripNanos) {
        boolean nothingLeaves = leaving.look(sent, roundTripNanos);
        boolean nothingIsMended = mending.look(sentAgain, roundTripNanos);
        return nothingLeaves || nothingIsMended;
    }

    /** A count, and how long it must stand still. */
    private static final class Still {
        private long needed;
        private long count = -1;
        private long lasted;

        Still(long needed) {
            this.needed = needed;
        }

        boolean look(long newest, long roundTripNanos) {
            lasted += LOOK_NANOS;
            if (newest != count) {
                // The next time-out takes twice as long as the last one.
                needed = count < 0 ? needed : Math.max(needed, 3 * lasted);
                count = newest;
                lasted = 0;
            }
            return lasted >= Math.max(needed, 4 * roundTripNanos);
        }
    }
}
