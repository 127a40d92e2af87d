package dev.moitessier.prscd;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Bounds on what a client may make a node hold or do before and between messages; rooms have bounds of their own.
 *
 * @param frameBytes one message, its fragments together
 * @param clientIdBytes the {@code id} of a client in UTF-8
 * @param requestBytes request line and headers, each
 * @param messagesPerSecond of one connection, control frames included; a WebSocket beyond it is read more slowly, datagrams are dropped
 * @param messageBurst how many may come at once after a rest
 * @param connections of the process
 * @param connectionsPerAddress of one remote address, 0 for no bound: clients behind one proxy share an address
 * @param admissionsPerSecond clients that may enter within a second; others are sent away for ten
 * @param handshakeTimeout from the accepted connection to the accepted client: TLS, request and authentication together
 * @param pingInterval how often a WebSocket client must show that it lives
 * @param missedPings how many intervals it may be silent
 * @param idleTimeout of a QUIC connection; Chromium pings every 15 s
 * @param writableBytes waiting for one client, beyond which it is told only the newest
 * @param waitingBytes waiting for one client, beyond which it is disconnected
 * @param slowTimeout how long a client may stay beyond {@code writableBytes}
 */
record TransportLimits(
        int frameBytes,
        int clientIdBytes,
        int requestBytes,
        int messagesPerSecond,
        int messageBurst,
        int connections,
        int connectionsPerAddress,
        int admissionsPerSecond,
        Duration handshakeTimeout,
        Duration pingInterval,
        int missedPings,
        Duration idleTimeout,
        int writableBytes,
        int waitingBytes,
        Duration slowTimeout) {

    TransportLimits {
        requireAtLeast("frame-bytes", frameBytes, 128);
        requireAtLeast("client-id-bytes", clientIdBytes, 1);
        requireAtLeast("request-bytes", requestBytes, 512);
        requireAtLeast("messages-per-second", messagesPerSecond, 1);
        requireAtLeast("message-burst", messageBurst, 1);
        requireAtLeast("connections", connections, 1);
        requireAtLeast("connections-per-address", connectionsPerAddress, 0);
        requireAtLeast("admissions-per-second", admissionsPerSecond, 1);
        requireAtLeast("missed-pings", missedPings, 1);
        requireAtLeast("writable-bytes", writableBytes, 1024);
        requireAtLeast("waiting-bytes", waitingBytes, writableBytes);
        requirePositive("handshake-timeout", handshakeTimeout);
        requirePositive("ping-interval", pingInterval);
        requirePositive("idle-timeout", idleTimeout);
        requirePositive("slow-timeout", slowTimeout);
    }

    /** Of {@code prscd.limits}. */
    static TransportLimits of(Config limits) {
        return new TransportLimits(
                bytes(limits, "frame-bytes"),
                bytes(limits, "client-id-bytes"),
                bytes(limits, "request-bytes"),
                limits.getInt("messages-per-second"),
                limits.getInt("message-burst"),
                limits.getInt("connections"),
                limits.getInt("connections-per-address"),
                limits.getInt("admissions-per-second"),
                limits.getDuration("handshake-timeout"),
                limits.getDuration("ping-interval"),
                limits.getInt("missed-pings"),
                limits.getDuration("idle-timeout"),
                bytes(limits, "writable-bytes"),
                bytes(limits, "waiting-bytes"),
                limits.getDuration("slow-timeout"));
    }

    private static int bytes(Config limits, String key) {
        return Math.toIntExact(limits.getBytes(key));
    }

    private static void requireAtLeast(String key, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException("prscd.limits." + key + " = " + value + ": must be at least " + least);
        }
    }

    private static void requirePositive(String key, Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new IllegalArgumentException("prscd.limits." + key + " = " + value + ": must be longer than 0");
        }
    }
}
