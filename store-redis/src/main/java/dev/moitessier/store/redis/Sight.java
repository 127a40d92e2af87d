package dev.moitessier.store.redis;

import dev.moitessier.store.Address;
import dev.moitessier.store.Content;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import java.util.HashSet;
import java.util.Set;

/** What some readers of a scope may see (A3, R2). */
final class Sight {
    private final Set<ListenerRef> readers;
    private final Set<Party> handlers = new HashSet<>();

    Sight(Set<ListenerRef> readers) {
        this.readers = readers;
        for (ListenerRef reader : readers) {
            if (reader.type() == ListenerType.HANDLER && reader.owner() != null) {
                handlers.add(reader.owner());
            }
        }
    }

    /** Those who may have a text of their own. */
    Set<Party> handlers() {
        return handlers;
    }

    /** Whether one of the readers may see it. */
    boolean sees(Content content) {
        for (ListenerRef reader : readers) {
            if (admits(reader, content)) {
                return true;
            }
        }
        return false;
    }

    private static boolean admits(ListenerRef reader, Content content) {
        Party owner = reader.owner();
        Address to = content.to();
        if (to != null && (owner == null || !to.matches(owner))) {
            return false;
        }
        if (reader.type() == ListenerType.HANDLER && owner != null) {
            return content.texts().containsKey(owner) || (content.bodyToHandlers() && content.body() != null);
        }
        return content.body() != null;
    }
}
