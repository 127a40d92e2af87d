package dev.moitessier.prscd;

import dev.moitessier.prscd.LogEntry.Up;
import dev.moitessier.prscd.RoomStore.Answer;
import dev.moitessier.prscd.RoomStore.Append;
import dev.moitessier.prscd.RoomStore.Appended;
import dev.moitessier.prscd.RoomStore.Attached;
import dev.moitessier.prscd.RoomStore.Attachment;
import dev.moitessier.prscd.RoomStore.LogRecord;
import dev.moitessier.prscd.RoomStore.Present;
import dev.moitessier.prscd.RoomStore.Reader;
import dev.moitessier.prscd.Roster.Presence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One channel on one node: its roster, what it says to the other nodes through the channel's scope, and what it reads
 * there. Runs on the node's loop alone.
 *
 * <p>The scope's subscribers are nodes, not peers. A node that opens the channel subscribes first and then reads who else
 * is there; if somebody is, it appends its own roster and asks for theirs. Both sides write before they read, so of two
 * that open at once at least one sees the other. From then on the log carries what changes. A channel that is open on one
 * node only writes nothing.
 *
 * <p>Not final only so that tests can put well-known mistakes back; each decision that can go wrong is a method of its own.
 */
class Room {
    private static final long OPEN_WAIT = Nanos.millis(500);
    private static final long OPEN_AGAIN = Nanos.millis(300);
    private static final long SAY_AGAIN = Nanos.millis(50);
    private static final long STALE = Nanos.seconds(5);
    /** How long a room without members stays open for a broadcast from the application. */
    private static final long PINNED = Nanos.seconds(30);

    private enum State {
        CLOSED,
        OPENING,
        OPEN,
        /** Taken from the node; a later join makes another room. */
        DROPPED
    }

    final String channel;
    final ChannelSettings settings;
    final Audience audience;
    final Roster roster = new Roster();
    private final Node node;
    private final Loop loop;
    private final String scope;
    private final boolean ordered;
    private final @Nullable JoinedScope joined;

    private State state = State.CLOSED;
    /** Answers to calls made before the present opening are not ours any more. */
    private int generation;

    private @Nullable Attached attached;
    private OptionalLong cursor = OptionalLong.empty();
    private long presenceFrom;
    private final Set<String> others = new LinkedHashSet<>();
    private final Set<String> waiting = new LinkedHashSet<>();
    private final Set<String> heldBack = new LinkedHashSet<>();
    private long holdBackTill;
    /** It was open under the former life, and others may have come since. */
    private boolean reopens;
    /** Who waits for the acknowledgement, and until when at most. */
    private final Map<Member, Long> unacknowledged = new LinkedHashMap<>();

    private final Map<String, Long> lastN = new HashMap<>();
    private final FullRosters fullRosters = new FullRosters();
    private final RollCall rollCall;
    private final Set<Runnable> whenOpen = new LinkedHashSet<>();

    private final Unsaid unsaid = new Unsaid();
    private boolean settlesSoon;
    private boolean bye;
    private final Outbox outbox;
    private final Set<Peer> stalled = new LinkedHashSet<>();
    private @Nullable InFlight inFlight;
    private int lingering;
    private long pinnedTill;

    Room(Node node, String channel, String scope) {
        this.node = node;
        this.loop = node.loop();
        this.channel = channel;
        this.scope = scope;
        this.settings = node.settingsOf(channel);
        this.ordered = settings.order() == ChannelSettings.Order.ORDERED;
        this.audience = new Audience(channel, node.settings().mesh(), loop);
        this.outbox = node.newOutbox(ordered);
        this.rollCall = new RollCall(node, this);
        String appScope = settings.scope();
        this.joined = appScope == null
                ? null
                : new JoinedScope(node, this, appScope.replace(ChannelSettings.CHANNEL, channel), ordered);
        this.pinnedTill = loop.nanos();
        this.lastN.putAll(node.lastRead(channel));
    }

    // ---- what local members do

    Member join(Peer peer, byte @Nullable [] state) {
        bye = false;
        Member member = new Member(peer, node.newSid(), audience, loop);
        audience.add(member);
        roster.put(new Presence(member.sid, peer.clientId(), node.life(), 1, node.nextStamp(), state));
        if (state != null) {
            unsaid.changed(member.sid);
            show(peer.clientId());
        }
        unacknowledged.put(member, loop.nanos() + OPEN_WAIT);
        acknowledge();
        if (!member.isAcknowledged()) {
            loop.after(OPEN_WAIT, this::acknowledge);
        }
        flush();
        return member;
    }

    /** The client has read its acknowledgement and is ready for the roster. */
    void online(Member member) {
        Presence presence = roster.get(member.sid);
        if (presence != null && presence.state == null) {
            state(member, Payloads.onlyId(member.clientId()));
        }
        member.snapshot();
    }

    void state(Member member, byte[] state) {
        Presence presence = roster.get(member.sid);
        if (presence == null || Arrays.equals(presence.state, state)) {
            return;
        }
        boolean first = presence.state == null;
        presence.state = state;
        presence.version++;
        presence.stamp = node.nextStamp();
        show(presence.clientId);
        if (first) {
            unsaid.changed(member.sid);
            flush();
        } else if (!others.isEmpty() || state() != State.OPEN) {
            node.notes().state(this, member.sid);
            settle(member.sid);
        }
    }

    /** States change often; the volatile lane has them at once, the log gets the last one. */
    private void settle(String sid) {
        unsaid.settling(sid);
        if (!settlesSoon) {
            settlesSoon = true;
            loop.after(node.settleNanos(), () -> {
                settlesSoon = false;
                unsaid.settled();
                flush();
            });
        }
    }

    /** False: nothing was accepted, since the ordered queue is full. */
    boolean data(Member member, byte[] payload, @Nullable String volatileEvent) {
        Datum datum = new Datum(member.sid, member.clientId(), payload);
        if (volatileEvent != null) {
            audience.deliver(datum);
            if (!others.isEmpty()) {
                node.notes().event(this, datum, volatileEvent);
            }
            return true;
        }
        return say(datum);
    }

    /** Data from a member, a function or the application. */
    boolean say(Datum datum) {
        if (ordered && !queue().hasRoom(datum)) {
            node.counters().add(Count.QUEUE_FULL);
            return false;
        }
        if (!ordered) {
            audience.deliver(datum);
        }
        if (joined != null) {
            joined.say(datum);
        } else if (ordered) {
            outbox.add(datum, loop.nanos());
            flush();
        } else if (!others.isEmpty() || state() != State.OPEN) {
            node.counters().add(Count.RING_DROPPED, outbox.addDroppingOldest(datum, loop.nanos()));
            flush();
        }
        return true;
    }

    private Outbox queue() {
        return joined == null ? outbox : joined.outbox();
    }

    /** This peer wants to say more than the queue takes; it is told when there is room. */
    void stall(Peer peer) {
        stalled.add(peer);
        node.stalled(this);
    }

    /** False as long as somebody has to wait. */
    boolean resumeStalled() {
        if (queue().hasRoomAgain()) {
            queueHasRoom();
        }
        return stalled.isEmpty();
    }

    void queueHasRoom() {
        if (!stalled.isEmpty()) {
            List<Peer> resumed = List.copyOf(stalled);
            stalled.clear();
            resumed.forEach(Peer::resume);
        }
    }

    /** Keeps the room open for a while although nobody is in it. */
    void pin() {
        bye = false;
        pinnedTill = loop.nanos() + PINNED;
        loop.after(PINNED, this::closeIfIdle);
    }

    void sentToScope() {
        closeIfIdle();
    }

    void leave(Member member) {
        stalled.remove(member.peer);
        unacknowledged.remove(member);
        audience.remove(member);
        depart(member.sid);
    }

    /** The connection broke, and its client may be back soon. */
    void lose(Member member, long lingerNanos) {
        if (lingerNanos <= 0) {
            leave(member);
            return;
        }
        stalled.remove(member.peer);
        unacknowledged.remove(member);
        audience.remove(member);
        lingering++;
        loop.after(lingerNanos, () -> {
            lingering--;
            depart(member.sid);
        });
    }

    private void depart(String sid) {
        if (state() == State.DROPPED) {
            return;
        }
        unsaid.left(sid);
        remove(sid);
        closeIfIdle();
        flush();
    }

    // ---- opening

    void open() {
        if (state() != State.CLOSED || !node.isLive()) {
            return;
        }
        state = State.OPENING;
        int opening = ++generation;
        node.store().attach(new Attachment(scope, node.life(), null, keepsMailbox()), new Answer<>() {
            @Override
            public void ok(Attached value) {
                if (generation != opening) {
                    value.detach();
                    return;
                }
                attached = value;
                lookAround(value, opening);
            }

            @Override
            public void failed(Throwable cause) {
                openAgain(opening);
            }
        });
        if (joined != null) {
            joined.open();
        }
    }

    /** An ordered channel's log must not lose what is appended while no node lives (L5a). */
    boolean keepsMailbox() {
        return ordered;
    }

    private void openAgain(int opening) {
        if (generation != opening) {
            return;
        }
        loop.after(node.jitter(OPEN_AGAIN), () -> {
            if (generation == opening) {
                release();
                state = State.CLOSED;
                open();
            }
        });
    }

    private void lookAround(Attached mine, int opening) {
        mine.subscribers(new Answer<>() {
            @Override
            public void ok(Present present) {
                if (generation == opening) {
                    opened(mine, present);
                }
            }

            @Override
            public void failed(Throwable cause) {
                openAgain(opening);
            }
        });
    }

    private void opened(Attached mine, Present present) {
        state = State.OPEN;
        reopens = false;
        presenceFrom = present.position();
        Set<String> live = strangers(present.lives());
        rollCall.missing(ownersNotIn(live));
        others.clear();
        others.addAll(live);
        waiting.clear();
        waiting.addAll(live);
        askAround();
        acknowledge();
        flush();
        int opening = generation;
        cursor = OptionalLong.of(readFrom(present.position()));
        mine.read(cursor, new Reader() {
            @Override
            public void entries(List<LogRecord> page) {
                // What the next life reads again, it judges otherwise.
                if (generation == opening && node.isAsBefore()) {
                    read(page, opening);
                }
            }

            @Override
            public void gap(boolean reset) {
                if (generation == opening) {
                    resynchronise(mine, opening, reset);
                }
            }
        });
        List<Runnable> waitingForOpen = List.copyOf(whenOpen);
        whenOpen.clear();
        waitingForOpen.forEach(Runnable::run);
        closeIfIdle();
    }

    /** At first from here on; later from where the former life left off, so that no data is lost between two lives. */
    long readFrom(long position) {
        return cursor.orElse(position);
    }

    private Set<String> strangers(Set<String> lives) {
        Set<String> live = new LinkedHashSet<>();
        for (String life : lives) {
            if (!node.isOwn(life) && !node.isDead(life) && node.drainedTill(life) == null) {
                live.add(life);
            }
        }
        return live;
    }

    private void askAround() {
        if (waiting.isEmpty()) {
            return;
        }
        unsaid.say(true);
        holdBack();
        rollCall.later();
    }

    private void holdBack() {
        holdBackTill = loop.nanos() + 2 * node.leaseNanos();
        loop.after(2 * node.leaseNanos(), this::acknowledge);
    }

    /** Entries are missing: says all and asks for all again. Nobody is dropped for being unlisted: others may come back later. */
    private void resynchronise(Attached mine, int opening, boolean reset) {
        node.counters().add(Count.GAPS);
        if (reset) {
            presenceFrom = Long.MIN_VALUE;
            cursor = OptionalLong.empty();
        }
        mine.subscribers(new Answer<>() {
            @Override
            public void ok(Present present) {
                if (generation == opening) {
                    cursor = cursor.isPresent() ? cursor : OptionalLong.of(present.position());
                    Set<String> live = strangers(present.lives());
                    others.addAll(live);
                    waiting.addAll(live);
                    unsaid.say(false);
                    askAround();
                    flush();
                }
            }

            @Override
            public void failed(Throwable cause) {
                loop.after(node.jitter(OPEN_AGAIN), () -> {
                    if (generation == opening) {
                        resynchronise(mine, opening, false);
                    }
                });
            }
        });
    }

    /** The life has ended; the room is opened again under the next one. */
    void suspend() {
        if (state() == State.DROPPED) {
            return;
        }
        if (state() == State.OPEN) {
            reopens = true;
            holdBack();
        }
        state = State.CLOSED;
        generation++;
        release();
        unsaid.forgetRoster();
        fullRosters.clear();
    }

    /** The same while others know the former life: it stays subscribed until the next one has been heard. */
    void suspendQuietly() {
        Attached former = attached;
        attached = null;
        if (former != null) {
            letGo(former);
        }
    }

    private void letGo(Attached former) {
        loop.after(Nanos.seconds(1), () -> {
            if (node.isEnded() || state() == State.DROPPED || (state() == State.OPEN && !hasUnsent())) {
                former.detach();
            } else {
                letGo(former);
            }
        });
    }

    private void release() {
        if (attached != null) {
            attached.detach();
            attached = null;
        }
    }

    private void acknowledge() {
        if (!heldBack.isEmpty() && !holdsBack()) {
            List<String> clients = List.copyOf(heldBack);
            heldBack.clear();
            clients.forEach(this::show);
        }
        if (!waiting.isEmpty() && loop.nanos() - holdBackTill >= 0) {
            // They are subscribed and say nothing: they count as others, but nobody waits for them any longer.
            waiting.clear();
        }
        boolean known = state() == State.OPEN && waiting.isEmpty();
        List<Member> ready = new ArrayList<>();
        unacknowledged.forEach((member, till) -> {
            // The store may be away: then the room is the local one for a while.
            if (known || loop.nanos() - till >= 0) {
                ready.add(member);
            }
        });
        for (Member member : ready) {
            unacknowledged.remove(member);
            member.acknowledge();
        }
    }

    /** While rosters are owed to us, or will be, nobody is said to have left whom a missing one may still hold. */
    boolean holdsBack() {
        return (reopens || !waiting.isEmpty()) && loop.nanos() - holdBackTill < 0;
    }

    // ---- closing

    private void closeIfIdle() {
        if (!isIdle()) {
            return;
        }
        if (state() == State.OPENING || others.isEmpty()) {
            drop();
        } else if (state() == State.OPEN && !bye) {
            bye = true;
            flush();
        }
    }

    /** What was accepted is appended before the room goes. */
    boolean isIdle() {
        return isDeserted() && outbox.isEmpty() && inFlight == null && (joined == null || joined.isIdle());
    }

    final boolean isDeserted() {
        return state() != State.DROPPED && audience.isEmpty() && lingering == 0 && loop.nanos() - pinnedTill >= 0;
    }

    /** Nobody is here any more, and all that was said is in the log. */
    void drop() {
        state = State.DROPPED;
        generation++;
        release();
        if (joined != null) {
            joined.close();
        }
        outbox.clear();
        node.dropped(this);
    }

    /** The node is closed. */
    void end() {
        suspend();
        if (joined != null) {
            joined.close();
        }
    }

    // ---- appending

    void flush() {
        if (inFlight != null || state() != State.OPEN) {
            return;
        }
        if (!node.maySpeak()) {
            node.speakLater(this);
            return;
        }
        if (!ordered) {
            node.counters().add(Count.STALE_DROPPED, outbox.dropBefore(loop.nanos() - STALE));
        }
        if (others.isEmpty()) {
            sayNothing();
        }
        InFlight next = compose();
        if (next != null) {
            inFlight = next;
            next.send();
        }
    }

    /** Nobody else is here: presence is said when somebody asks. */
    private void sayNothing() {
        unsaid.clear();
        if (!ordered) {
            outbox.clear();
        }
        if (bye) {
            bye = false;
            closeIfIdle();
        }
    }

    private @Nullable InFlight compose() {
        if (state() != State.OPEN) {
            return null;
        }
        boolean saysBye = bye && isDeserted();
        if (saysBye) {
            unsaid.forgetRoster();
        }
        int budget = node.limits().entryBytes() / 2;
        Unsaid.Words words = unsaid.take(roster, node.life(), budget);
        List<Datum> data = outbox.take(budget);
        if (words.isEmpty() && data.isEmpty() && !saysBye) {
            return null;
        }
        LogEntry entry = new LogEntry(
                node.life(),
                node.nextN(),
                words.asks(),
                saysBye,
                words.part(),
                words.parts(),
                words.ups(),
                words.gone(),
                data);
        Append append = new Append(scope, node.newId(), Node.SENDER, entry.encode(), Map.of());
        if (ordered && !data.isEmpty()) {
            queueHasRoom();
        }
        return new InFlight(node, this, append, data, saysBye);
    }

    /** It may have been written or not: the very same again. */
    void uncertain(InFlight mine) {
        mine.sendAgain();
    }

    /** For the mistake of giving up what may have been written. */
    final void abandon(InFlight mine) {
        mine.abandon();
        inFlight = null;
        outbox.putBack(mine.data(), loop.nanos());
        unsaid.say(false);
        loop.after(SAY_AGAIN, this::flush);
    }

    void appended(InFlight mine, Appended appended) {
        inFlight = null;
        if (!appended.heard()) {
            unheard(mine.data());
            return;
        }
        if (mine.isBye()) {
            bye = false;
            if (isIdle()) {
                drop();
                return;
            }
            unsaid.say(true);
        }
        flush();
        closeIfIdle();
    }

    /** The mailbox went with its last subscriber, us: nobody can ever read this. */
    void unheard(List<Datum> data) {
        node.counters().add(Count.APPENDS_UNHEARD);
        outbox.putBack(data, loop.nanos());
        unsaid.say(false);
        bye = false;
        loop.after(SAY_AGAIN, () -> {
            flush();
            closeIfIdle();
        });
    }

    // ---- reading

    private void read(List<LogRecord> page, int opening) {
        for (LogRecord each : page) {
            if (generation != opening) {
                return;
            }
            cursor = OptionalLong.of(each.position());
            node.counters().add(Count.ENTRIES_READ);
            try {
                apply(LogEntry.decode(each.body()), each.position());
            } catch (Unpack.Foreign foreign) {
                node.foreign(scope, each.position(), foreign);
            }
        }
    }

    private void apply(LogEntry entry, long position) {
        String life = entry.life();
        if (isRepeated(entry)) {
            node.counters().add(Count.ENTRIES_REPEATED);
            return;
        }
        lastN.put(life, entry.n());
        if (!node.isOwn(life) && !node.isDead(life) && countsAsPresence(position)) {
            applyPresence(entry);
        }
        if (ordered || !node.isOwn(life)) {
            deliver(entry.data(), node.isOwn(life));
        }
    }

    /** A request that was executed again behind its retry, when the store had forgotten its id. */
    boolean isRepeated(LogEntry entry) {
        return entry.n() <= lastN.getOrDefault(entry.life(), 0L);
    }

    /** Older presence is subsumed by the list of subscribers and their full rosters; data is not. */
    boolean countsAsPresence(long position) {
        return position > presenceFrom;
    }

    private void applyPresence(LogEntry entry) {
        String life = entry.life();
        boolean stranger = node.drainedTill(life) == null && others.add(life) && !entry.ask() && !entry.bye();
        if (entry.ask() || stranger) {
            unsaid.say(stranger);
        }
        Set<String> touched = new LinkedHashSet<>();
        if (entry.isFull()) {
            List<Up> roster = fullRosters.add(entry);
            if (roster != null) {
                replace(life, roster, touched);
                waiting.remove(life);
            }
        } else {
            entry.ups().forEach(up -> apply(life, up, touched));
            for (String sid : entry.gone()) {
                Presence known = roster.get(sid);
                if (known != null && known.owner.equals(life)) {
                    roster.remove(sid);
                    touched.add(known.clientId);
                }
            }
        }
        if (entry.bye()) {
            others.remove(life);
            waiting.remove(life);
            fullRosters.forget(life);
            replace(life, List.of(), touched);
        }
        touched.forEach(this::show);
        acknowledge();
        flush();
        rollCall.later();
    }

    private void replace(String life, List<Up> roster, Set<String> touched) {
        Set<String> there = new HashSet<>();
        roster.forEach(up -> there.add(up.sid()));
        for (Presence each : this.roster.where(p -> p.owner.equals(life) && !there.contains(p.sid))) {
            this.roster.remove(each.sid);
            touched.add(each.clientId);
        }
        roster.forEach(up -> apply(life, up, touched));
    }

    private void apply(String life, Up up, Set<String> touched) {
        Presence known = roster.get(up.sid());
        if (known != null) {
            boolean old = known.owner.equals(life) ? known.version >= up.version() : known.version > up.version();
            if (old || known.owner.equals(node.life())) {
                return;
            }
        }
        node.observe(up.stamp());
        Presence now = new Presence(up.sid(), up.cid(), life, up.version(), up.stamp(), up.state());
        now.lingersTill = node.drainedTill(life);
        roster.put(now);
        touched.add(up.cid());
    }

    private void deliver(List<Datum> data, boolean own) {
        for (Datum datum : data) {
            audience.deliver(datum);
            if (ordered && own) {
                node.sawOwn(this, datum);
            }
        }
    }

    /** Read from the application's scope; what this node itself said there has been delivered unless ordered. */
    void fromScope(Datum datum, boolean own) {
        if (!own || ordered) {
            deliver(List.of(datum), own);
        }
    }

    /** A changed state over the volatile lane. It never makes a peer: its leave may already have been read. */
    void applyVolatile(String life, VolatileNote.State note) {
        Presence known = roster.get(note.sid());
        if (known != null && known.owner.equals(life) && known.version < note.version()) {
            node.observe(note.stamp());
            known.version = note.version();
            known.stamp = note.stamp();
            known.state = note.state();
            node.counters().add(Count.VOLATILE_APPLIED);
            show(known.clientId);
        }
    }

    void applyVolatile(String life, VolatileNote.Event note) {
        Presence known = roster.get(note.sid());
        if (known != null && known.owner.equals(life)) {
            node.counters().add(Count.VOLATILE_APPLIED);
            audience.deliver(new Datum(note.sid(), known.clientId, note.payload()));
        }
    }

    // ---- other nodes come and go

    /** The life has ended, for good. Its peers go, unless it said that they would be back. */
    void bury(String life) {
        others.remove(life);
        waiting.remove(life);
        fullRosters.forget(life);
        if (node.drainedTill(life) == null) {
            removeAll(roster.where(each -> each.owner.equals(life)));
        }
        acknowledge();
        flush();
    }

    void drained(String life, long till) {
        others.remove(life);
        waiting.remove(life);
        List<Presence> theirs = roster.where(each -> each.owner.equals(life));
        theirs.forEach(each -> each.lingersTill = till);
        theirs.forEach(each -> show(each.clientId));
        acknowledge();
    }

    void expireLingering(long now) {
        removeAll(roster.where(each -> each.lingersTill != null && each.lingersTill - now <= 0));
    }

    Map<String, Long> lastRead() {
        return lastN;
    }

    void forget(String life) {
        lastN.remove(life);
        if (joined != null) {
            joined.forget(life);
        }
    }

    /** The loop stood still: what it thinks it has waited for, it has not. */
    void woke() {
        holdBackTill = Math.max(holdBackTill, loop.nanos() + node.leaseNanos());
        loop.after(node.leaseNanos(), this::acknowledge);
    }

    /** While the store is away nobody can answer: that time does not count as waiting. */
    void storeIsAway() {
        if (reopens || !waiting.isEmpty()) {
            holdBackTill = Math.max(holdBackTill, loop.nanos() + node.leaseNanos());
        }
    }

    /** Own peers pass to the next life; the higher version says that it is newer than the one before. */
    void adopt(String former, String life) {
        for (Presence each : roster.all()) {
            if (each.owner.equals(former)) {
                each.owner = life;
                each.version++;
            }
        }
    }

    /** Who is subscribed now; no answer if the room is not open. */
    void subscribers(Answer<Present> answer) {
        Attached mine = attached;
        if (state() == State.OPEN && mine != null) {
            mine.subscribers(answer);
        }
    }

    /** Whose peers are here, and not because it said that they would be back. */
    private Set<String> ownersNotIn(Set<String> live) {
        Set<String> owners = new LinkedHashSet<>();
        for (Presence each : roster.all()) {
            if (each.lingersTill == null && !each.owner.equals(node.life()) && !live.contains(each.owner)) {
                owners.add(each.owner);
            }
        }
        return owners;
    }

    /** They have left without a word, and have neither drained nor died. */
    void closedSilently(Set<String> lives) {
        others.removeAll(lives);
        waiting.removeAll(lives);
        lives.forEach(fullRosters::forget);
        removeAll(roster.where(each -> each.lingersTill == null && lives.contains(each.owner)));
        if (!waiting.isEmpty()) {
            unsaid.say(true);
        }
        acknowledge();
        flush();
        rollCall.later();
        closeIfIdle();
    }

    // ---- roster to frames

    private void removeAll(List<Presence> theirs) {
        theirs.forEach(each -> roster.remove(each.sid));
        theirs.forEach(each -> show(each.clientId));
    }

    private void remove(String sid) {
        Presence removed = roster.remove(sid);
        if (removed != null) {
            show(removed.clientId);
        }
    }

    final void show(String clientId) {
        Presence best = roster.visible(clientId);
        if (best == null && audience.shows(clientId) && holdsBack()) {
            heldBack.add(clientId);
            return;
        }
        audience.show(clientId, best == null ? null : best.state);
    }

    // ---- for the node

    /** Runs the task when the room knows who is there: now, or when it has been opened. */
    void whenOpen(Runnable task) {
        if (state() == State.OPEN && waiting.isEmpty()) {
            task.run();
        } else if (state() == State.OPEN) {
            loop.after(OPEN_WAIT, task);
        } else {
            whenOpen.add(() -> loop.after(waiting.isEmpty() ? 0 : OPEN_WAIT, task));
        }
    }

    /** How much waits to be said of who is here. */
    int unsaid() {
        return unsaid.size();
    }

    boolean hasUnsent() {
        return inFlight != null
                || !outbox.isEmpty()
                || (!others.isEmpty() && !unsaid.isEmpty())
                || (joined != null && !joined.isIdle());
    }

    /** All is said, and the others have answered it. */
    boolean isHeard() {
        return isOpen() && !hasUnsent() && !isOwedRosters();
    }

    Set<String> others() {
        return others;
    }

    /** All lives that are said to be here. */
    Set<String> livesHere() {
        Set<String> lives = ownersNotIn(Set.of());
        lives.addAll(others);
        lives.addAll(waiting);
        return lives;
    }

    boolean hasOthers() {
        return !others.isEmpty() || !waiting.isEmpty();
    }

    boolean isOwedRosters() {
        return !waiting.isEmpty();
    }

    /** Up to which of its entries a life has been read. */
    long readOf(String life) {
        return lastN.getOrDefault(life, 0L);
    }

    /** Answers to what was asked before it changed are not this opening's any more. */
    int generation() {
        return generation;
    }

    boolean isOpen() {
        return state() == State.OPEN;
    }

    String stateName() {
        return state().name();
    }

    /** Not the field itself: the compiler would take it for unchanged behind a call that changes it. */
    private State state() {
        return state;
    }
}
