package dev.moitessier.store.redis;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** A position is {@code ms * 10^6 + seq} of a stream id {@code ms-seq}, whose seq the scripts keep below 10^6. */
final class Positions {
    private static final long PER_MILLI = 1_000_000;

    private Positions() {}

    static byte[] id(long position) {
        return (position / PER_MILLI + "-" + position % PER_MILLI).getBytes(StandardCharsets.US_ASCII);
    }

    static long of(byte[] id) {
        return of(id, 0);
    }

    /** The position written from {@code from} on. */
    static long of(byte[] id, int from) {
        long millis = 0;
        int i = from;
        for (; id[i] != '-'; i++) {
            millis = millis * 10 + (id[i] - '0');
        }
        long sequence = 0;
        for (i++; i < id.length; i++) {
            sequence = sequence * 10 + (id[i] - '0');
        }
        return millis * PER_MILLI + sequence;
    }

    static long millis(long position) {
        return position / PER_MILLI;
    }

    static long sequence(long position) {
        return position % PER_MILLI;
    }

    /** When it was given, by the server's clock. */
    static Instant instant(long position) {
        return Instant.ofEpochMilli(position / PER_MILLI);
    }

    /** A position below all that are given at or after the instant (C4). */
    static long before(Instant at) {
        long seconds = at.getEpochSecond();
        if (seconds < 0) {
            return 0;
        }
        if (seconds >= Long.MAX_VALUE / PER_MILLI / 1_000) {
            return Long.MAX_VALUE;
        }
        return Math.max(0, at.toEpochMilli() * PER_MILLI - 1);
    }
}
