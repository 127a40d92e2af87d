package dev.moitessier.prscd;

/** What a peer, or a function, said to a channel: from which {@code sid}, shown under which {@code cid}. */
@SuppressWarnings("ArrayRecordComponent") // Never compared, and never changed once it is made.
record Datum(String sid, String cid, byte[] payload) {
    /** About what it takes in an entry or in memory. */
    int weight() {
        return payload.length + sid.length() + cid.length() + 16;
    }
}
