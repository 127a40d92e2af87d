package dev.moitessier.store;

/** Outcome of one element of a batch. */
public sealed interface Appended {
    /** Readable from now on at {@code position}; recipients follow from members at or after {@code membersVersion} (A2). */
    record Stored(long position, long membersVersion, boolean duplicate) implements Appended {}
    /** The scope has no mailbox; nothing was written or remembered (A4). */
    record Unheard() implements Appended {}
    /** Enlisted: gets its position after the caller's commit (T2). */
    record Enlisted() implements Appended {}
    /** {@code ifMembers} no longer holds; nothing was written (M2). */
    record Stale(long membersVersion) implements Appended {}
    /** Not written, or unknown iff {@code cause.outcomeUnknown()} (B3). */
    record Failed(StoreException cause) implements Appended {}
}
