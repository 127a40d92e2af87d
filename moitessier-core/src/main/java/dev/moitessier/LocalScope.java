package dev.moitessier;

import dev.moitessier.Place.State;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A scope as this node knows it: who is registered here, who waits and who is behind. Guarded by itself; nothing here blocks. */
final class LocalScope {
    final String name;
    private final ListenerRef shared;

    private @Nullable Place members;
    private @Nullable Place waiting;
    private @Nullable Place behind;

    /** How many have a consumer; while any has, the scope is watched. */
    private int active;

    /** The store hinted, or it is time to look, since the last read began. */
    private boolean dirty;

    /** In the engine's queue of scopes to be read. */
    private boolean queued;

    /** As the last read saw it. */
    private long head;

    private int shortestPause;
    private boolean recount = true;

    /** Guarded by Watches. */
    boolean watched;

    // Guarded by Polling.
    @Nullable
    LocalScope previousPolled;

    @Nullable
    LocalScope nextPolled;

    Polling.@Nullable Line line;
    long due;
    int pauseMillis;

    LocalScope(String name) {
        this.name = name;
        this.shared = new ListenerRef(name, ListenerType.SHARED, null);
    }

    ListenerRef mailbox(Conditions conditions) {
        if (conditions.type() == ListenerType.SHARED) {
            return shared;
        }
        Person owner = conditions.person();
        return new ListenerRef(name, conditions.type(), new Party(owner.id(), owner.client()));
    }

    synchronized void join(Place place) {
        place.nextMember = members;
        if (members != null) {
            members.previousMember = place;
        }
        members = place;
    }

    /** True if nobody is left. */
    synchronized boolean leave(Place place) {
        Place before = place.previousMember;
        Place after = place.nextMember;
        if (before != null) {
            before.nextMember = after;
        } else if (members == place) {
            members = after;
        }
        if (after != null) {
            after.previousMember = before;
        }
        place.previousMember = null;
        place.nextMember = null;
        return members == null;
    }

    synchronized void forEachMember(Consumer<Place> action) {
        for (Place place = members; place != null; place = place.nextMember) {
            action.accept(place);
        }
    }

    /** From here on its consumer reads from {@code cursor}. True if it is the first that reads here. */
    synchronized boolean activate(Place place, long cursor) {
        place.cursor = cursor;
        place.load = null;
        queueBehind(place);
        recount = true;
        return active++ == 0;
    }

    /** Its consumer has gone. True if nobody reads here any more. */
    synchronized boolean deactivate(Place place) {
        unqueue(place);
        leap(place);
        place.state = State.DORMANT;
        place.load = null;
        recount = true;
        return --active == 0;
    }

    /** Something may be new. True if the caller has to queue this scope. */
    synchronized boolean soil() {
        dirty = true;
        return active > 0 && enqueue();
    }

    /** Somebody is behind and nobody may have said so. True if the caller has to queue this scope. */
    synchronized boolean enqueueIfBehind() {
        return behind != null && enqueue();
    }

    /** True if the caller has to queue this scope. */
    synchronized boolean enqueue() {
        if (queued) {
            return false;
        }
        queued = true;
        return true;
    }

    /** Those to be read for now. */
    synchronized List<Place> takeHungry() {
        queued = false;
        List<Place> hungry = new ArrayList<>();
        while (behind != null) {
            take(behind, hungry);
        }
        if (dirty) {
            while (waiting != null) {
                take(waiting, hungry);
            }
            // Nobody to read for: then who is busy now finds it dirty.
            dirty = hungry.isEmpty();
        }
        return hungry;
    }

    private void take(Place place, List<Place> hungry) {
        unqueue(place);
        place.state = State.READING;
        hungry.add(place);
    }

    /** The read failed: they want it again. */
    synchronized void putBack(List<Place> places) {
        for (Place place : places) {
            putBack(place);
        }
    }

    /** It wants to be read for again, perhaps with a gap to be told first. */
    synchronized void putBack(Place place) {
        if (place.state == State.READING) {
            queueBehind(place);
        }
    }

    /** One that waits in {@code listenUntil}, if it is the first that has read all. */
    synchronized @Nullable CallerLoop<?, ?> idleCaller() {
        return waiting != null && waiting.feed.consumer() instanceof CallerLoop<?, ?> caller ? caller : null;
    }

    synchronized void sawHead(long seen) {
        head = seen;
    }

    /** Nothing for it up to {@code next}: no responder needs to know. True if the caller has to queue this scope. */
    synchronized boolean skipTo(Place place, long next) {
        if (place.state != State.READING) {
            return false;
        }
        if (place.gap != null) {
            queueBehind(place);
            return enqueue();
        }
        place.cursor = next;
        return settle(place);
    }

    /** False if it has lost its consumer meanwhile. */
    synchronized boolean load(Place place, Place.Load load) {
        if (place.state != State.READING) {
            return false;
        }
        if (place.gap != null && !place.gap.equals(load.gap())) {
            // Registered again while this was read: it may have another cursor now.
            queueBehind(place);
            return false;
        }
        place.gap = null;
        place.state = State.LOADED;
        place.load = load;
        return true;
    }

    synchronized Place.@Nullable Load takeLoad(Place place) {
        if (place.state != State.LOADED) {
            return null;
        }
        place.state = State.HANDLING;
        Place.Load load = place.load;
        place.load = null;
        return load;
    }

    /** All of its load has been handled. True if the caller has to queue this scope. */
    synchronized boolean handled(Place place, long next) {
        place.cursor = next;
        leap(place);
        return place.state == State.HANDLING && settle(place);
    }

    /** It has been registered again; the gap is told before the next message. True if the caller has to queue this scope. */
    synchronized boolean resume(Place place, Gap gap) {
        place.gap = gap;
        if (place.state == State.HANDLING) {
            return false;
        }
        leap(place);
        if (place.state == State.DORMANT || place.state == State.READING) {
            return false;
        }
        place.load = null;
        queueBehind(place);
        return enqueue();
    }

    private static void leap(Place place) {
        Gap gap = place.gap;
        if (gap != null && gap.after() != gap.resumesAfter()) {
            place.cursor = gap.resumesAfter();
        }
    }

    private boolean settle(Place place) {
        if (dirty || place.cursor < head) {
            queueBehind(place);
            return enqueue();
        }
        place.state = State.WAITING;
        waiting = push(place, waiting);
        return false;
    }

    synchronized boolean isActive() {
        return active > 0;
    }

    /** The shortest pause that one of its readers wants between two looks at the store. */
    synchronized int shortestPauseMillis(boolean push) {
        if (recount) {
            recount = false;
            shortestPause = Integer.MAX_VALUE;
            for (Place place = members; place != null; place = place.nextMember) {
                shortestPause = Math.min(shortestPause, place.feed.pauseMillis(push));
            }
        }
        return shortestPause;
    }

    private void queueBehind(Place place) {
        unqueue(place);
        place.state = State.BEHIND;
        behind = push(place, behind);
    }

    private static Place push(Place place, @Nullable Place first) {
        place.previous = null;
        place.next = first;
        if (first != null) {
            first.previous = place;
        }
        return place;
    }

    private void unqueue(Place place) {
        if (place.state != State.WAITING && place.state != State.BEHIND) {
            return;
        }
        Place before = place.previous;
        Place after = place.next;
        if (before != null) {
            before.next = after;
        } else if (place.state == State.WAITING) {
            waiting = after;
        } else {
            behind = after;
        }
        if (after != null) {
            after.previous = before;
        }
        place.previous = null;
        place.next = null;
    }
}
