package dev.moitessier.store.memory;

import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.StoredSubscriber;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A view of its scope's log after {@code start}, while it has a subscriber (V2, L4). Guarded by its scope's lock. */
final class Mailbox {
    final ListenerRef listener;
    final long start;

    /** Most mailboxes have one subscriber, and no map for it. */
    private @Nullable Subscriber only;

    private @Nullable TreeMap<String, Subscriber> several;

    Mailbox(ListenerRef listener, long start) {
        this.listener = listener;
        this.start = start;
    }

    boolean isEmpty() {
        return only == null && several == null;
    }

    @Nullable
    Subscriber get(String id) {
        if (several != null) {
            return several.get(id);
        }
        return only != null && only.id.equals(id) ? only : null;
    }

    /** Puts it in the place of the one with its id, or adds it. */
    void put(Subscriber subscriber) {
        if (several != null) {
            several.put(subscriber.id, subscriber);
        } else if (only == null || only.id.equals(subscriber.id)) {
            only = subscriber;
        } else {
            several = new TreeMap<>();
            several.put(only.id, only);
            several.put(subscriber.id, subscriber);
            only = null;
        }
    }

    void remove(Subscriber subscriber) {
        if (several == null) {
            only = null;
            return;
        }
        several.remove(subscriber.id);
        if (several.size() == 1) {
            only = several.firstEntry().getValue();
            several = null;
        }
    }

    /** Ids are ASCII: their order is that of their bytes. */
    List<StoredSubscriber> list(@Nullable String after, int limit) {
        List<StoredSubscriber> list = new ArrayList<>();
        for (Subscriber subscriber : tail(after)) {
            if (list.size() == limit) {
                break;
            }
            list.add(subscriber.stored());
        }
        return list;
    }

    private Collection<Subscriber> tail(@Nullable String after) {
        if (several != null) {
            return after == null
                    ? several.values()
                    : several.tailMap(after, false).values();
        }
        boolean listed = only != null && (after == null || only.id.compareTo(after) > 0);
        return listed ? List.of(only) : List.of();
    }
}
