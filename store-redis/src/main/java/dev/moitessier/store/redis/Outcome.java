package dev.moitessier.store.redis;

import dev.moitessier.store.StoreException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a call brought: the server's reply, or why there is none; {@code late}: not at the first try, so perhaps after later calls. */
record Outcome(@Nullable Object reply, @Nullable StoreException failure, boolean late) {
    static Outcome failed(StoreException failure) {
        return new Outcome(null, failure, true);
    }

    /** A reply that is a list. */
    List<?> list() {
        Object reply = value();
        if (reply instanceof List<?> list) {
            return list;
        }
        throw new IllegalStateException("a list was expected of the server, not " + reply);
    }

    @Nullable
    Object value() {
        if (failure != null) {
            throw failure;
        }
        return reply;
    }
}
