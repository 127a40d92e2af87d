package dev.moitessier.store.redis;

import dev.moitessier.store.StoreException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a call brought: the server's reply, or why there is none. */
record Outcome(@Nullable Object reply, @Nullable StoreException failure) {
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
