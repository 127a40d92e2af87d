package dev.moitessier.yomo;

/**
 * What a client has done since it was made; counts only grow.
 *
 * @param connections handshakes that the zipper accepted
 * @param sent frames handed to the network
 * @param received data frames that came
 * @param droppedOutgoing frames that were accepted for sending and are lost: the queue was full, or the client was closed
 * @param droppedIncoming data frames that came while too many waited for the handler
 * @param failures calls of the handler that threw
 * @param malformed frames that were none, and metadata that could not be read
 */
public record Traffic(
        long connections,
        long sent,
        long received,
        long droppedOutgoing,
        long droppedIncoming,
        long failures,
        long malformed) {}
