package dev.moitessier.store.postgres;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How dispatch ids are remembered (I1). For minutes the entry does it: each partition has an index that admits an id once, and no entry
 * goes before. For longer there is a table of ids. Around midnight, when the first and the second of an id can lie in two partitions,
 * all ids are noted in that table as well.
 */
final class Remembered {
    /** Core's own ids are remembered for less, with its usual time limits. */
    static final Duration WITH_ENTRY = Duration.ofMinutes(2);

    /** Microseconds of a day, which has a partition. */
    static final long DAY = TimeUnit.DAYS.toMicros(1);

    private static final long SHORT = WITH_ENTRY.toNanos() / 1_000;
    /** A statement that waits for a lock gives a later position than it looked at; and a batch gives several. */
    private static final long SLACK = TimeUnit.SECONDS.toMicros(30);

    private static final String CLOCK = "(date_part('epoch', statement_timestamp()) * 1000000)::bigint";

    private Remembered() {}

    /** A condition on the last position of a scope: an id that is written now needs no table. */
    static String amidTheDay(String head) {
        return head + " % " + DAY + " between " + SHORT + " and " + (DAY - SHORT - SLACK);
    }

    /** A condition on an id's milliseconds: its entry alone does not remember it for so long. */
    static String isLong(String remember) {
        return remember + " > " + WITH_ENTRY.toMillis();
    }

    /** A condition on a message: its id is remembered. By the statement's time, so that only a partition or two are opened. */
    static String isKnown(String message) {
        return message + ".remember is not null and " + message + ".position > " + CLOCK + " - " + SHORT + " and "
                + until(message) + " > " + CLOCK;
    }

    /** A condition on a message: its partition does not admit its id again, whether it is remembered or not. */
    static String isInTheWay(String message) {
        return message + ".remember is not null and " + message + ".position > " + CLOCK + " - " + DAY;
    }

    /** The same of the default partition, which takes the entries of all days that have none: those before {@link #isInTheWay}. */
    static String isLongInTheWay(String message) {
        return message + ".remember is not null and " + message + ".position <= " + CLOCK + " - " + DAY;
    }

    /** A condition on a message that is in the way: its id is not remembered any more. */
    static String isOver(String message) {
        return until(message) + " <= " + CLOCK;
    }

    private static String until(String message) {
        return message + ".position + " + message + ".remember * 1000::bigint";
    }
}
