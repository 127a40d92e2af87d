package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.util.List;

/** Outcome of one element of a batch. */
public sealed interface Appended {
    /**
     * Readable from now on.
     *
     * @param position where it stands in the scope's log
     * @param membersVersion recipients follow from the members at this or a later version (A2)
     * @param duplicate the id was known: {@code position} is that of the first, and nothing was written (I1)
     */
    record Stored(long position, long membersVersion, boolean duplicate) implements Appended {
        /** @throws IllegalArgumentException if {@code position} is not positive */
        public Stored {
            if (position <= 0) {
                throw new IllegalArgumentException("position must be positive: " + position);
            }
        }
    }

    /** The scope has no mailbox; nothing was written or remembered (A4). */
    record Unheard() implements Appended {}

    /** Enlisted: gets its position after the caller's commit (T2). */
    record Enlisted() implements Appended {}

    /**
     * {@code ifMembers} no longer holds; nothing was written (M2).
     *
     * @param membersVersion the version that holds now
     */
    record Stale(long membersVersion) implements Appended {}

    /**
     * Not written, or unknown iff {@code cause.outcomeUnknown()} (B3).
     *
     * @param cause why; retryable or not
     */
    record Failed(StoreException cause) implements Appended {
        public Failed {
            requireNonNull(cause, "cause");
        }

        /** The answer to a batch of which no element was written, or nobody knows. */
        public static List<Appended> all(List<Append> batch, StoreException cause) {
            return batch.stream().<Appended>map(each -> new Failed(cause)).toList();
        }
    }
}
