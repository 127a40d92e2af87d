package dev.moitessier.prscd;

/** How a connection ended. */
enum Departure {
    /** On purpose: WebSocket 1000 or 1001, the end of a WebTransport session. */
    LEFT,
    /** 1006, reset, missed pongs, a broken frame. */
    LOST
}
