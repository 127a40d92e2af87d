package dev.moitessier.yomo;

/** What a write does when the outgoing queue is full: the zipper is away, or takes less than is written. */
public enum Overflow {
    /** The oldest frames in the queue make room, and are counted. A write never waits. The default. */
    DROP_OLDEST,

    /** The write waits for room, as in Go, however long; ends with the client, or with the thread's interruption. */
    WAIT,

    /** The write throws {@link ZipperException.NotWritten}. */
    FAIL
}
