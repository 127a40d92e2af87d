package dev.moitessier.store.memory;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Content;
import dev.moitessier.store.Departed;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Members;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoredSubscriber;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.Unregistered;
import dev.moitessier.store.parts.Paging;
import dev.moitessier.store.parts.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One scope: its log, its mailboxes, and the one lock under which its positions are given (O1). Every method but {@code enter} is
 * called between {@code enter} and {@code exit}; what it does there is one atomic step. It is its own lock, and other fields are
 * few, because a space may have a million of them.
 */
final class Scope extends ReentrantLock {
    private static final Entry[] NOTHING = {};

    final String name;
    private final MemorySpace space;

    private final long born;
    private long head;
    private long trimmed;
    private long version;

    private @Nullable Ring ring;
    private @Nullable Remembered remembered;
    private @Nullable Mailbox shared;
    private @Nullable Map<ListenerRef, Mailbox> owned;

    /** So many of the newest stay when the append itself trims; the sweep sets it, knowing the retention. */
    private int keep = Integer.MAX_VALUE / 2;

    private boolean retired;
    private boolean listed;
    private boolean appended;

    /** Starts at the space's floors, so that a name that was dropped never sees a position or version again (O3, M1). */
    Scope(String name, MemorySpace space) {
        this.name = name;
        this.space = space;
        born = space.positionFloor();
        head = born;
        version = Math.max(space.versionFloor() + 1, Times.micros(space.now()));
    }

    /** Takes the lock; false: this scope was dropped meanwhile, and nothing is locked. */
    boolean enter() {
        if (!tryLock()) {
            awaitLock();
        }
        if (retired) {
            unlock();
            return false;
        }
        return true;
    }

    private void awaitLock() {
        try {
            if (!tryLock(MemoryStore.CALL_LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new StoreException.Unavailable("scope is busy for " + MemoryStore.CALL_LIMIT, null, false);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException.Interrupted("interrupted while waiting for a scope", false);
        }
    }

    /** Releases the lock; then hints, if something was appended (W3). */
    void exit() {
        boolean hint = appended;
        appended = false;
        unlock();
        if (hint) {
            space.watches().hint(name);
        }
    }

    // Appending

    Appended append(Append append) {
        Instant now = space.now();
        long micros = Times.micros(now);
        if (remembered != null) {
            long first = remembered.find(append.dispatch(), micros);
            if (first != 0) {
                return new Appended.Stored(first, version, true);
            }
        }
        if (append.ifMembers().isPresent() && append.ifMembers().getAsLong() != version) {
            return new Appended.Stale(version);
        }
        if (!isHeard()) {
            return MemoryStore.UNHEARD;
        }
        if (!append.remember().isZero() && !makeRoomToRemember(micros)) {
            return new Appended.Failed(space.fullOfIds());
        }
        if (!space.admitEntry()) {
            return new Appended.Failed(space.fullOfEntries());
        }
        long position = add(append.dispatch(), append.content(), now, micros);
        if (remembered != null && !append.remember().isZero()) {
            remembered.put(append.dispatch(), position, Times.micros(Times.plus(now, append.remember())));
        }
        if (ring != null && ring.size() - keep > slack(keep)) {
            drop(ring, ring.size() - keep);
        }
        return new Appended.Stored(position, version, false);
    }

    private long add(UUID dispatch, Content content, Instant now, long micros) {
        if (ring == null) {
            ring = new Ring();
        }
        head = Math.max(head + 1, micros);
        ring.add(new Entry(head, now, dispatch, content));
        appended = true;
        list();
        return head;
    }

    private boolean makeRoomToRemember(long micros) {
        if (remembered == null) {
            remembered = new Remembered();
            space.admitIds(remembered.capacity());
        } else if (remembered.isFull()) {
            int capacity = remembered.capacityFor(micros);
            if (!space.admitIds(capacity - remembered.capacity())) {
                return false;
            }
            remembered.rebuild(capacity, micros);
        }
        return true;
    }

    // Mailboxes and subscribers

    Registered register(Registration registration, @Nullable Session session) {
        Mailbox found = mailbox(registration.listener());
        Mailbox mailbox = found != null ? found : new Mailbox(registration.listener(), head);
        Subscriber before = mailbox.get(registration.subscriber());
        long acknowledged = before == null ? Subscriber.NEVER : before.acknowledged;
        UUID heldBy = before == null ? null : before.heldAgainst(registration.id());
        Subscriber subscriber = new Subscriber(this, mailbox, registration, session, acknowledged);
        if (session != null && !session.link(subscriber)) {
            throw MemorySpace.ended(session.id); // nothing has changed yet
        }
        if (before != null) {
            release(before); // a takeover is no departure (L5)
        }
        mailbox.put(subscriber);
        if (found == null) {
            open(mailbox);
        }
        if (session == null) {
            awaitReturn(subscriber);
        }
        return new Registered(mailbox.start, head, subscriber.acknowledged(), found == null, version, heldBy);
    }

    Unregistered unregister(ListenerRef listener, String id, UUID registration) {
        Subscriber subscriber = owned(listener, id, registration);
        return subscriber == null ? new Unregistered(false, false) : new Unregistered(true, depart(subscriber));
    }

    void acknowledge(Acknowledgement acknowledgement) {
        Subscriber subscriber =
                owned(acknowledgement.listener(), acknowledgement.subscriber(), acknowledgement.registration());
        if (subscriber == null) {
            return;
        }
        long position = Math.max(0, Math.min(head, acknowledgement.position()));
        boolean kept = subscriber.acknowledged <= head && subscriber.acknowledged > position;
        if (!kept) {
            subscriber.acknowledged = position;
        }
        if (subscriber.away != null) {
            subscriber.away.since = space.now();
        }
    }

    /** The session has ended: removes the subscriber, or detaches it when durable. Null: it is the session's no longer. */
    @Nullable
    Departed endOfSession(Subscriber subscriber, Session session) {
        if (subscriber.session != session || !isCurrent(subscriber)) {
            return null;
        }
        boolean mailboxRemoved = false;
        if (subscriber.keep == null) {
            mailboxRemoved = depart(subscriber);
        } else {
            release(subscriber);
            awaitReturn(subscriber);
            sayFarewell(subscriber);
        }
        return new Departed(
                subscriber.mailbox.listener, subscriber.id, session.id, subscriber.metadata, mailboxRemoved);
    }

    /** Removes a durable subscriber whose time is over (L6); false: it is not, or no longer. */
    boolean lapse(Away away, Instant now) {
        Subscriber subscriber = away.subscriber;
        if (subscriber.away != away || !isCurrent(subscriber)) {
            return false;
        }
        if (dueAt(subscriber, away.since).isAfter(now)) {
            awaitReturn(subscriber, away.since);
            return false;
        }
        depart(subscriber);
        return true;
    }

    Members members(@Nullable Set<ListenerRef> only) {
        Map<ListenerRef, Long> starts = new HashMap<>();
        if (only == null) {
            if (shared != null) {
                starts.put(shared.listener, shared.start);
            }
            if (owned != null) {
                owned.forEach((listener, mailbox) -> starts.put(listener, mailbox.start));
            }
        } else {
            for (ListenerRef listener : only) {
                Mailbox mailbox = mailbox(listener);
                if (mailbox != null) {
                    starts.put(listener, mailbox.start);
                }
            }
        }
        return new Members(version, head, starts);
    }

    Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        Mailbox mailbox = mailbox(listener);
        if (mailbox == null) {
            return new Subscribers(List.of(), head, false);
        }
        List<StoredSubscriber> list = mailbox.list(after, limit + 1);
        boolean more = list.size() > limit;
        return new Subscribers(more ? list.subList(0, limit) : list, head, more);
    }

    /** Removes it for good; whether its mailbox went with it (L4). */
    private boolean depart(Subscriber subscriber) {
        Mailbox mailbox = subscriber.mailbox;
        release(subscriber);
        mailbox.remove(subscriber);
        boolean last = mailbox.isEmpty();
        if (last) {
            close(mailbox);
        }
        sayFarewell(subscriber);
        return last;
    }

    /** In the very step that removes or detaches, and never again (L7). Not subject to the bound: a departure cannot be refused. */
    private void sayFarewell(Subscriber subscriber) {
        Content farewell = subscriber.farewell;
        subscriber.farewell = null;
        if (farewell != null && isHeard()) {
            Instant now = space.now();
            space.countEntry();
            add(subscriber.registration, farewell, now, Times.micros(now));
        }
    }

    /** Takes it off its session's list, or off the list of those who are away. */
    private void release(Subscriber subscriber) {
        if (subscriber.session != null) {
            subscriber.session.unlink(subscriber);
            subscriber.session = null;
        }
        if (subscriber.away != null) {
            space.returned(subscriber.away);
            subscriber.away = null;
        }
    }

    private void awaitReturn(Subscriber subscriber) {
        awaitReturn(subscriber, space.now());
    }

    private void awaitReturn(Subscriber subscriber, Instant since) {
        if (subscriber.away != null) {
            space.returned(subscriber.away);
        }
        subscriber.away = space.away(subscriber, since, dueAt(subscriber, since));
    }

    private static Instant dueAt(Subscriber subscriber, Instant since) {
        return Times.plus(since, subscriber.keep == null ? Duration.ZERO : subscriber.keep);
    }

    private @Nullable Subscriber owned(ListenerRef listener, String id, UUID registration) {
        Mailbox mailbox = mailbox(listener);
        Subscriber subscriber = mailbox == null ? null : mailbox.get(id);
        return subscriber != null && subscriber.registration.equals(registration) ? subscriber : null;
    }

    private boolean isCurrent(Subscriber subscriber) {
        return mailbox(subscriber.mailbox.listener) == subscriber.mailbox
                && subscriber.mailbox.get(subscriber.id) == subscriber;
    }

    private @Nullable Mailbox mailbox(ListenerRef listener) {
        if (listener.type() == ListenerType.SHARED) {
            return shared;
        }
        return owned == null ? null : owned.get(listener);
    }

    private void open(Mailbox mailbox) {
        if (!isHeard()) {
            space.live().add(name);
        }
        if (mailbox.listener.type() == ListenerType.SHARED) {
            shared = mailbox;
        } else {
            if (owned == null) {
                owned = new HashMap<>();
            }
            owned.put(mailbox.listener, mailbox);
        }
        version++;
    }

    private void close(Mailbox mailbox) {
        if (mailbox == shared) {
            shared = null;
        } else if (owned != null) {
            owned.remove(mailbox.listener);
            if (owned.isEmpty()) {
                owned = null;
            }
        }
        version++;
        if (!isHeard()) {
            space.live().remove(name);
            list();
        }
    }

    private boolean isHeard() {
        return shared != null || owned != null;
    }

    // Reading

    /** What is after the cursor, at most {@code most} of it: the newest or the next. */
    View view(long after, boolean newest, int most) {
        // A cursor from before this record's birth belongs to an earlier life of the name, and what came after it is
        // gone (C2).
        long trimmed = after > 0 && after < born ? Math.max(born, this.trimmed) : this.trimmed;
        if (ring == null || after >= head) {
            return new View(NOTHING, head, trimmed, version);
        }
        int from = ring.indexAfter(Math.max(after, trimmed));
        int count = Math.min(ring.size() - from, most);
        if (newest) {
            from = ring.size() - count;
        }
        return new View(ring.copy(from, count), head, trimmed, version);
    }

    /** One snapshot (C2). */
    record View(Entry[] entries, long head, long trimmed, long version) {
        Paging.Entries<RuntimeException> entries(boolean backwards) {
            int[] taken = {0};
            return () -> {
                int index = backwards ? entries.length - 1 - taken[0]++ : taken[0]++;
                return index >= 0 && index < entries.length ? entries[index] : null;
            };
        }
    }

    long head() {
        return head;
    }

    // Housekeeping

    /** Asks the sweep to look at this scope until it finds nothing more to do here. */
    void list() {
        if (!listed) {
            listed = true;
            space.list(this);
        }
    }

    /** Trims at most {@code most} entries, {@code trimmed} first (S1, S2); how many. */
    int trim(Retention retention, Instant now, int most) {
        keep = (int) Math.min(retention.count(), Integer.MAX_VALUE / 2);
        if (ring == null) {
            return 0;
        }
        Instant cutoff = Times.minus(now, retention.age());
        int excess = Math.max(0, ring.size() - keep);
        while (excess < ring.size() && !ring.get(excess).at().isAfter(cutoff)) {
            excess++;
        }
        int dropped = Math.min(excess, most);
        if (dropped > 0) {
            drop(ring, dropped);
        }
        return dropped;
    }

    /** Forgets the ids whose time is over (S4): at once when all are, else when many may be. */
    void forget(Instant now) {
        if (remembered == null) {
            return;
        }
        long micros = Times.micros(now);
        if (remembered.isDead(micros)) {
            space.admitIds(-remembered.capacity());
            remembered = null;
        } else if (micros - remembered.rebuilt() > MemorySpace.REBUILD_MICROS) {
            int capacity = remembered.capacityFor(micros);
            if (capacity < remembered.capacity()) {
                space.admitIds(capacity - remembered.capacity());
                remembered.rebuild(capacity, micros);
            }
        }
    }

    /** Drops this record if nobody can miss it (O3): no mailbox, nothing kept, and a head that is old or that nobody ever saw. */
    boolean retire(Instant before) {
        boolean unused = !isHeard() && ring == null && remembered == null;
        if (!unused || (head != born && head > Times.micros(before))) {
            return false;
        }
        space.raiseFloors(head != born ? head : 0, version);
        retired = true;
        return true;
    }

    /** Whether the sweep should look again; if not, it is off the list. */
    boolean staysListed() {
        listed = ring != null || remembered != null || !isHeard();
        return listed;
    }

    private void drop(Ring ring, int count) {
        trimmed = ring.get(count - 1).position();
        ring.drop(count);
        space.uncountEntries(count);
        if (ring.isEmpty()) {
            this.ring = null;
        }
    }

    /** How far a scope may exceed its count before an append trims it: then trimming costs each append next to nothing. */
    private static int slack(int count) {
        return Math.max(count >> 2, 16);
    }
}
