package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;

/**
 * What a sweep has to do after a certain time. The time is the beginning of the key, so what is due is a range of keys: no index,
 * and nobody reads what is not due yet.
 */
final class Agenda {
    static final String WHAT = "what";
    /** A durable subscriber may have lapsed. */
    static final String LAPSE = "lapse";
    /** Entries that were trimmed can go. */
    static final String TRIMMED = "trimmed";
    /** A session ended so long ago that it can be forgotten. */
    static final String SESSION = "session";

    private Agenda() {}

    static Entity lapse(Key due, Key subscriber) {
        return Entity.newBuilder(due)
                .set(WHAT, Values.of(LAPSE))
                .set("subscriber", Values.of(subscriber))
                .build();
    }

    /** Entries after {@code after} up to {@code to}. */
    static Entity trimmed(Key due, String scope, long after, long to) {
        return Entity.newBuilder(due)
                .set(WHAT, Values.of(TRIMMED))
                .set("scope", Values.of(scope))
                .set("after", Values.of(after))
                .set("to", Values.of(to))
                .build();
    }

    static Entity session(Key due, Key session) {
        return Entity.newBuilder(due)
                .set(WHAT, Values.of(SESSION))
                .set("session", Values.of(session))
                .build();
    }
}
