package dev.moitessier.prscd;

import dev.moitessier.prscd.RoomStore.Answer;
import dev.moitessier.prscd.RoomStore.Append;
import dev.moitessier.prscd.RoomStore.Appended;
import dev.moitessier.prscd.RoomStore.Attached;
import dev.moitessier.prscd.RoomStore.Attachment;
import dev.moitessier.prscd.RoomStore.Lane;
import dev.moitessier.prscd.RoomStore.LogRecord;
import dev.moitessier.prscd.RoomStore.Present;
import dev.moitessier.prscd.RoomStore.Reader;
import dev.moitessier.prscd.RoomStore.Session;
import dev.moitessier.prscd.Roster.Presence;
import dev.moitessier.psig.PrscdFunction;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One realm on this process: its rooms, and its life among the other nodes.
 *
 * <p>A <em>life</em> is what others know this node as. It lasts as long as the store's session does; when that has ended,
 * others have dropped all its peers, and the node goes on under a new one: same sockets, same sids, everything said again.
 *
 * <p>All nodes of a realm subscribe to one scope, each with the certificate of its own death as farewell. The store appends
 * it in the step that ends the session, once, so nobody has to notice a death and live to tell it; every node that reads it
 * drops the dead life's peers in all rooms, and the dead, if it is only late, reads it too.
 *
 * <p>{@link #connect}, {@link #broadcast}, {@link #peers}, {@link #drain}, {@link #dump}, {@link #close} and
 * {@link #counters} may be called from any thread; all else runs on the loop.
 */
class Node {
    /** The person that all of prscd's own subscribers and entries are from. */
    static final String SENDER = "prscd";

    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    /** All scopes of prscd's own begin so. */
    private static final String SCOPES = "prscd/";

    private static final int MAX_SCOPE_BYTES = 400;
    private static final long BEGIN_AGAIN = Nanos.millis(300);
    private static final long REMEMBER_DEAD = Nanos.seconds(600);
    private static final int REMEMBER_ROOMS = 10_000;
    private static final long WAKE_GRACE = Nanos.seconds(2);
    private static final int SID_BYTES = 12;
    static final int SID_LENGTH = SID_BYTES / 3 * 4;

    private final NodeSettings settings;
    private final RoomStore store;
    private final Loop loop;
    private final RandomGenerator random;
    private final ChannelRules rules;
    private final Functions functions;
    private Elsewhere elsewhere = Elsewhere.NOBODY;
    private final Counters counters = new Counters();
    private final String prefix;
    private final String nodesScope;
    private final Map<String, Room> rooms = new LinkedHashMap<>();
    private final Set<Peer> peers = new LinkedHashSet<>();
    private final Outbox.Backlog ringBacklog;
    private final Outbox.Backlog queueBacklog;
    private final Set<Room> speakLater = new LinkedHashSet<>();
    private final Set<Room> stalled = new LinkedHashSet<>();

    // The life. Written on the loop, read by ready() from anywhere.
    private String life = "";
    private volatile boolean live;
    private volatile boolean ended;
    private @Nullable UUID session;
    private int birth;
    private final Set<String> ownLives = new HashSet<>();
    private @Nullable Attached attached;
    private OptionalLong cursor = OptionalLong.empty();
    private long lastTick;
    private long wokeAt;
    private boolean spoke;
    private @Nullable Drain draining;
    private Runnable laneEnd = () -> {};

    private final Set<CaughtUp> catchingUp = new LinkedHashSet<>();

    // Others.
    private final Map<String, Long> dead = new LinkedHashMap<>();
    private final Map<String, Long> drained = new LinkedHashMap<>();

    /** The last entries read in rooms that were closed since: one that is executed again may come behind the next opening. */
    private final Map<String, Map<String, Long>> lastRead = new LinkedHashMap<>();

    private long lastStamp;
    private long lastN;
    private boolean foreignSaid;

    private final Notes notes;

    private static final class Drain {
        final List<CompletableFuture<Boolean>> asked = new ArrayList<>();
        final UUID id;
        final long deadline;

        Drain(UUID id, long deadline) {
            this.id = id;
            this.deadline = deadline;
        }

        void complete(boolean known) {
            asked.forEach(each -> each.complete(known));
        }
    }

    Node(
            NodeSettings settings,
            RoomStore store,
            Loop loop,
            RandomGenerator random,
            ChannelRules rules,
            Executor functionExecutor) {
        this.settings = settings;
        this.store = store;
        this.loop = loop;
        this.random = random;
        this.rules = rules;
        this.functions = new Functions(this, functionExecutor);
        this.prefix = SCOPES + encoded(settings.realm());
        this.nodesScope = prefix + "/n";
        if (utf8(nodesScope) > MAX_SCOPE_BYTES / 2) {
            throw new IllegalArgumentException("the realm's name must not take more than " + (MAX_SCOPE_BYTES / 2 - 8)
                    + " bytes of UTF-8, percent-encoded");
        }
        this.notes = new Notes(this, nodesScope);
        this.ringBacklog = new Outbox.Backlog(settings.limits().nodeRingBytes());
        this.queueBacklog = new Outbox.Backlog(settings.limits().nodeQueueBytes());
    }

    // ---- for the server, from any thread

    /** Begins its first life; returns at once. */
    void start() {
        loop.execute(() -> {
            lastTick = loop.nanos();
            wokeAt = lastTick - WAKE_GRACE;
            Lane lane = store.lane();
            if (lane != null) {
                laneEnd = lane.subscribe(nodesScope, this::heardVolatile);
            }
            beginLife();
            tick();
        });
    }

    /** A client that has been authenticated. Its id has 1 to 200 bytes of UTF-8. */
    Peer connect(String clientId, PeerConnection connection, Access access) {
        Peer peer = new Peer(this, clientId, connection, access);
        loop.execute(() -> peers.add(peer));
        return peer;
    }

    /** Whether the store knows this node and its session is valid. */
    boolean ready() {
        return live && !ended && store.session().valid();
    }

    /** Runs for every message of every channel that reaches this node. */
    void function(String name, PrscdFunction function) {
        functions.register(name, function);
    }

    /**
     * Says something to everybody in a channel, on all nodes.
     *
     * @param from the client id that the channel sees as sender
     * @param payload an event, encoded
     */
    void broadcast(String channel, String from, byte[] payload) {
        if (!Payloads.isMap(payload)) {
            throw new IllegalArgumentException("the payload is no event");
        }
        if (!isChannelName(channel)) {
            throw new IllegalArgumentException("no name of a channel, or too long: " + channel);
        }
        loop.execute(() -> {
            Room room = room(channel);
            room.pin();
            // A name, not a sid: the original's echo rule leaves nobody out for it.
            room.say(new Datum("@" + from, from, payload));
            elsewhere.broadcast(channel, from, payload);
        });
    }

    /**
     * Makes it one of a mesh of nodes that do not share its store; before {@link #start}.
     *
     * @throws IllegalArgumentException if a channel needs a store that is shared
     */
    Mesh join() {
        rules.requireFitForMesh();
        Mesh joined = new Mesh(this, random);
        elsewhere = joined;
        return joined;
    }

    /** Who is in a channel, on all nodes, with their states; known at the latest half a second after it was opened here. */
    CompletionStage<Map<String, byte[]>> peers(String channel) {
        CompletableFuture<Map<String, byte[]>> answer = new CompletableFuture<>();
        loop.execute(() -> {
            Room room = room(channel);
            room.pin();
            room.whenOpen(() -> answer.complete(room.audience.states()));
        });
        return answer;
    }

    /**
     * Ends this life so that its peers may come back elsewhere unnoticed. The caller accepts no connection any more, and
     * closes all when the answer is true; false: whether others know is not known, and the node goes on under another life.
     */
    CompletionStage<Boolean> drain(Duration atMost) {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        loop.execute(() -> {
            Drain drain = draining;
            if (drain == null) {
                drain = new Drain(newId(), loop.nanos() + Nanos.of(atMost));
                draining = drain;
                Drain mine = drain;
                loop.execute(() -> flushBefore(mine));
            }
            drain.asked.add(answer);
        });
        return answer;
    }

    /** Leaves at once: the certificate takes all peers of this node with it. Nothing of it stays in the store's client. */
    void close() {
        loop.execute(() -> {
            endLife();
            // Not with the life: behind a drain the scopes of the application still hear those who are being sent away.
            rooms().forEach(Room::end);
            laneEnd.run();
            laneEnd = () -> {};
        });
    }

    CompletionStage<NodeDump> dump() {
        CompletableFuture<NodeDump> answer = new CompletableFuture<>();
        loop.execute(() -> answer.complete(dumpNow()));
        return answer;
    }

    Counters counters() {
        return counters;
    }

    // ---- a life

    private void beginLife() {
        String former = life;
        life = newSid();
        catchingUp.clear();
        live = false;
        ownLives.add(life);
        if (!former.isEmpty()) {
            dead.put(former, loop.nanos());
            rooms.values().forEach(room -> adopt(room, former));
        }
        int mine = ++birth;
        register(mine);
    }

    /** What others were told by the former life is gone with it. */
    void adopt(Room room, String former) {
        room.adopt(former, life);
    }

    private void register(int mine) {
        Session before = store.session();
        byte[] certificate = new NodeEntry.Gone(life).encode();
        store.attach(new Attachment(nodesScope, life, certificate, true), new Answer<>() {
            @Override
            public void ok(Attached value) {
                if (mine != birth) {
                    value.detach();
                    return;
                }
                attached = value;
                lookAround(mine, before, value);
            }

            @Override
            public void failed(Throwable cause) {
                // It may have been registered all the same, and its certificate be written when that is taken back:
                // this life must never speak.
                stillborn(mine);
            }
        });
    }

    private void stillborn(int mine) {
        loop.after(jitter(BEGIN_AGAIN), () -> {
            if (mine == birth && !ended) {
                release();
                beginLife();
            }
        });
    }

    /** From here on certificates are read: also by the next life, if this one has read none. */
    private void lookAround(int mine, Session before, Attached here) {
        here.subscribers(new Answer<>() {
            @Override
            public void ok(Present present) {
                if (mine != birth) {
                    return;
                }
                if (!store.session().id().equals(before.id())) {
                    // It may have ended behind the registration: then the certificate is in the log.
                    stillborn(mine);
                    return;
                }
                session = before.id();
                live = true;
                if (cursor.isEmpty()) {
                    cursor = OptionalLong.of(present.position());
                }
                here.read(cursor, new NodesReader(mine));
                rooms().forEach(Room::open);
            }

            @Override
            public void failed(Throwable cause) {
                stillborn(mine);
            }
        });
    }

    private void reincarnate(String why) {
        if (ended) {
            return;
        }
        counters.add(Count.REINCARNATIONS);
        LOG.info("Node of realm {} begins a new life: {}", settings.realm(), why);
        rooms.values().forEach(Room::suspend);
        Attached former = attached;
        attached = null;
        beginLife();
        if (former != null) {
            detachWhenRead(former);
        }
    }

    /**
     * The store's client may have subscribed the former life again, and letting it go writes its certificate: if that is
     * the first (the store was emptied; a drain of unknown fate), nobody may seem to leave who is known under the new life.
     * The certificate is in another scope than what the new life says, and may be read before it. So the others must have
     * answered what it said, and get a lease more: they answer the first part of a roster, and perhaps somebody else.
     */
    private void detachWhenRead(Attached former) {
        loop.after(2 * leaseNanos(), () -> {
            if (ended) {
                former.detach();
            } else if (live && rooms.values().stream().allMatch(Room::isHeard)) {
                loop.after(leaseNanos(), former::detach);
            } else {
                detachWhenRead(former);
            }
        });
    }

    private void release() {
        if (attached != null) {
            attached.detach();
            attached = null;
        }
    }

    private void endLife() {
        if (ended) {
            return;
        }
        ended = true;
        live = false;
        birth++;
        elsewhere.end();
        rooms.values().forEach(Room::suspend);
        release();
    }

    /** Whether nobody can have declared this life dead: asked before every append. */
    boolean maySpeak() {
        Session now = store.session();
        return live && !ended && now.valid() && now.id().equals(session);
    }

    /** False: the store has ended the session, and the next life begins. */
    boolean isAsBefore() {
        if (live && !store.session().id().equals(session)) {
            reincarnate("the store ended its session");
            return false;
        }
        return true;
    }

    private void tick() {
        if (ended) {
            return;
        }
        long now = loop.nanos();
        if (now - lastTick > leaseNanos() / 2) {
            wokeAt = now;
            rooms.values().forEach(Room::woke);
        }
        lastTick = now;
        isAsBefore();
        boolean speaks = maySpeak();
        if (!speaks) {
            rooms.values().forEach(Room::storeIsAway);
        } else if (!spoke) {
            rooms.values().forEach(Room::woke);
        }
        spoke = speaks;
        if (speaks) {
            if (now - wokeAt > WAKE_GRACE) {
                expireLingering(now);
            }
            List<Room> rooms = List.copyOf(speakLater);
            speakLater.clear();
            rooms.forEach(Room::flush);
        }
        for (Room each : List.copyOf(stalled)) {
            // It may have waited for what other rooms held.
            if (each.resumeStalled()) {
                stalled.remove(each);
            }
        }
        forgetDead(now);
        loop.after(jitter(leaseNanos() / 12), this::tick);
    }

    /** Whose time is over is as good as dead: what is read of it later counts for nothing. */
    private void expireLingering(long now) {
        List<String> over = new ArrayList<>();
        drained.forEach((whose, till) -> {
            if (till - now <= 0) {
                over.add(whose);
            }
        });
        for (String whose : over) {
            drained.remove(whose);
            dead.putIfAbsent(whose, now);
        }
        if (!over.isEmpty()) {
            rooms().forEach(room -> room.expireLingering(now));
        }
    }

    /** A request of a dead life may be executed late, as long as the store may know its id. */
    private void forgetDead(long now) {
        while (!dead.isEmpty()) {
            Map.Entry<String, Long> oldest = dead.entrySet().iterator().next();
            if (now - oldest.getValue() < REMEMBER_DEAD) {
                return;
            }
            dead.remove(oldest.getKey());
            ownLives.remove(oldest.getKey());
            rooms.values().forEach(room -> room.forget(oldest.getKey()));
            lastRead.values().forEach(each -> each.remove(oldest.getKey()));
        }
    }

    // ---- the nodes' scope

    private final class NodesReader implements Reader {
        private final int mine;

        NodesReader(int mine) {
            this.mine = mine;
        }

        @Override
        public void entries(List<LogRecord> page) {
            for (LogRecord each : page) {
                if (mine != birth) {
                    return;
                }
                cursor = OptionalLong.of(each.position());
                try {
                    read(NodeEntry.decode(each.body()));
                } catch (Unpack.Foreign foreign) {
                    foreign(nodesScope, each.position(), foreign);
                }
            }
            if (mine == birth) {
                runCaughtUp();
            }
        }

        @Override
        public void gap(boolean reset) {
            if (mine == birth) {
                counters.add(Count.GAPS);
                if (reset) {
                    cursor = OptionalLong.empty();
                }
                loop.after(2 * leaseNanos(), () -> lookForTheDead(mine));
            }
        }
    }

    private void read(NodeEntry entry) {
        String whose = entry.life();
        if (entry instanceof NodeEntry.Gone) {
            counters.add(Count.CERTIFICATES);
            if (whose.equals(life)) {
                reincarnate("it read its own certificate");
            } else if (!ownLives.contains(whose) && dead.put(whose, loop.nanos()) == null) {
                bury(whose);
            }
        } else if (entry instanceof NodeEntry.Drain drain && !ownLives.contains(whose)) {
            counters.add(Count.DRAINS_SEEN);
            // Behind its certificate it is too late: everybody has been told.
            if (!dead.containsKey(whose)) {
                drained.put(whose, loop.nanos() + Nanos.millis(drain.lingerMillis()));
                rooms().forEach(room -> room.drained(whose, drained.getOrDefault(whose, 0L)));
            }
        }
    }

    private void bury(String whose) {
        List<Runnable> farewells = functions.areAny() ? farewells(whose) : List.of();
        rooms().forEach(room -> room.bury(whose));
        if (!farewells.isEmpty()) {
            UUID once = UUID.nameUUIDFromBytes(("functions/" + whose).getBytes(StandardCharsets.UTF_8));
            byte[] claim = new NodeEntry.Functions(whose).encode();
            store.append(new Append(nodesScope, once, SENDER, claim, Map.of()), new Answer<>() {
                @Override
                public void ok(Appended appended) {
                    if (appended.heard() && !appended.duplicate()) {
                        farewells.forEach(Runnable::run);
                    }
                }

                @Override
                public void failed(Throwable cause) {
                    // At most once: who does not know whether it was first, does not call.
                    counters.add(Count.FUNCTION_DROPPED, farewells.size());
                }
            });
        }
    }

    private List<Runnable> farewells(String whose) {
        List<Runnable> farewells = new ArrayList<>();
        for (Room room : rooms.values()) {
            for (Presence each : room.roster.where(p -> p.owner.equals(whose))) {
                farewells.add(() -> functions.view(
                        room, each.sid, each.clientId, Signalling.control(Psig.OP_PEER_OFFLINE, room.channel)));
            }
        }
        return farewells;
    }

    /** What waits until the nodes' scope has been read up to a position. */
    private record CaughtUp(long position, Runnable task) {}

    /**
     * Runs the task when all that is in the nodes' scope by now has been read here: who drained said so there before it left
     * any channel. Not at all if this life ends before.
     */
    void whenCaughtUp(Runnable task) {
        Attached here = attached;
        int mine = birth;
        if (here == null) {
            return;
        }
        here.subscribers(new Answer<>() {
            @Override
            public void ok(Present present) {
                if (mine == birth) {
                    CaughtUp waits = new CaughtUp(present.position(), task);
                    catchingUp.add(waits);
                    // Entries that were trimmed before they were read are never read.
                    loop.after(2 * leaseNanos(), () -> {
                        if (catchingUp.remove(waits)) {
                            task.run();
                        }
                    });
                    runCaughtUp();
                }
            }

            @Override
            public void failed(Throwable cause) {
                loop.after(jitter(BEGIN_AGAIN), () -> {
                    if (mine == birth) {
                        whenCaughtUp(task);
                    }
                });
            }
        });
    }

    private void runCaughtUp() {
        long read = cursor.orElse(Long.MIN_VALUE);
        for (CaughtUp each : List.copyOf(catchingUp)) {
            if (each.position <= read && catchingUp.remove(each)) {
                each.task.run();
            }
        }
    }

    /** Certificates may be among the entries that were lost. */
    private void lookForTheDead(int mine) {
        Attached here = attached;
        if (mine != birth || here == null) {
            return;
        }
        Set<String> known = new LinkedHashSet<>();
        for (Room room : rooms.values()) {
            known.addAll(room.others());
            known.addAll(room.roster.owners());
        }
        known.removeAll(ownLives);
        here.subscribers(new Answer<>() {
            @Override
            public void ok(Present present) {
                known.removeAll(present.lives());
                for (String each : known) {
                    if (mine == birth && drainedTill(each) == null && dead.put(each, loop.nanos()) == null) {
                        bury(each);
                    }
                }
            }

            @Override
            public void failed(Throwable cause) {
                loop.after(jitter(BEGIN_AGAIN), () -> lookForTheDead(mine));
            }
        });
    }

    // ---- draining

    private void flushBefore(Drain drain) {
        boolean unsent = rooms.values().stream().anyMatch(Room::hasUnsent);
        boolean late = drain.deadline - loop.nanos() < 0;
        if (unsent && !late && live) {
            rooms().forEach(Room::flush);
            loop.after(Nanos.millis(50), () -> flushBefore(drain));
            return;
        }
        sayDrain(drain);
    }

    private void sayDrain(Drain drain) {
        byte[] entry = new NodeEntry.Drain(life, settings.linger().toMillis()).encode();
        String drained = life;
        store.append(new Append(nodesScope, drain.id, SENDER, entry, Map.of()), new Answer<>() {
            @Override
            public void ok(Appended appended) {
                if (draining != drain) {
                    return;
                }
                draining = null;
                if (drained.equals(life)) {
                    endLife();
                    drain.complete(true);
                } else {
                    // It began another life meanwhile, which this entry does not speak of.
                    drain.complete(false);
                }
            }

            @Override
            public void failed(Throwable cause) {
                if (draining != drain) {
                    return;
                }
                if (drain.deadline - loop.nanos() > 0 && drained.equals(life)) {
                    loop.after(jitter(BEGIN_AGAIN), () -> {
                        if (draining == drain) {
                            sayDrain(drain);
                        }
                    });
                    return;
                }
                draining = null;
                drainUnknown();
                drain.complete(false);
            }
        });
    }

    /**
     * If others know of it they keep this life's peers for a while only: a new life is not bound to that. If they do not,
     * nothing may seem to end: what the former life holds is let go when they have heard the new one.
     */
    void drainUnknown() {
        rooms.values().forEach(Room::suspendQuietly);
        reincarnate("the fate of its drain is unknown");
    }

    // ---- the volatile lane

    Notes notes() {
        return notes;
    }

    private void heardVolatile(ByteBuffer body) {
        VolatileNote note;
        try {
            note = VolatileNote.decode(body);
        } catch (Unpack.Foreign foreign) {
            foreign(nodesScope, -1, foreign);
            return;
        }
        if (isOwn(note.life()) || isDead(note.life())) {
            return;
        }
        for (VolatileNote.Item item : note.items()) {
            Room room = rooms.get(item.channel());
            if (room == null) {
                continue;
            }
            if (item instanceof VolatileNote.State state) {
                room.applyVolatile(note.life(), state);
            } else if (item instanceof VolatileNote.Event event) {
                room.applyVolatile(note.life(), event);
            }
        }
    }

    // ---- for rooms and peers

    Room room(String channel) {
        Room room = rooms.get(channel);
        if (room == null) {
            room = newRoom(channel, scopeOf(channel));
            rooms.put(channel, room);
            room.open();
        }
        return room;
    }

    Room newRoom(String channel, String scope) {
        return new Room(this, channel, scope);
    }

    @Nullable
    Room existing(String channel) {
        return rooms.get(channel);
    }

    private List<Room> rooms() {
        return List.copyOf(rooms.values());
    }

    void dropped(Room room) {
        rooms.remove(room.channel, room);
        lastRead.remove(room.channel);
        if (!room.lastRead().isEmpty()) {
            lastRead.put(room.channel, room.lastRead());
            if (lastRead.size() > REMEMBER_ROOMS) {
                lastRead.remove(lastRead.keySet().iterator().next());
            }
        }
        speakLater.remove(room);
        stalled.remove(room);
    }

    Map<String, Long> lastRead(String channel) {
        return lastRead.getOrDefault(channel, Map.of());
    }

    void speakLater(Room room) {
        speakLater.add(room);
    }

    void stalled(Room room) {
        stalled.add(room);
    }

    void left(Peer peer) {
        peers.remove(peer);
    }

    /** An ordered datum of one of our own clients has got its place. */
    void sawOwn(Room room, Datum datum) {
        if (functions.areAny() && !datum.sid().startsWith("@")) {
            Signalling message = Signalling.of(Psig.SIG_DATA, "", room.channel).withPayload(datum.payload());
            functions.view(room, datum.sid(), datum.cid(), message);
        }
    }

    Elsewhere elsewhere() {
        return elsewhere;
    }

    Functions functions() {
        return functions;
    }

    /** Something in a scope of ours that no node of this version wrote. */
    void foreign(String scope, long position, Unpack.Foreign why) {
        counters.add(Count.ENTRIES_FOREIGN);
        if (!foreignSaid) {
            foreignSaid = true;
            LOG.warn(
                    "Entry {} of scope {} is not prscd's and is skipped, as all like it will be: {}",
                    position,
                    scope,
                    why.getMessage());
        }
    }

    String life() {
        return life;
    }

    boolean isLive() {
        return live;
    }

    boolean isEnded() {
        return ended;
    }

    boolean isOwn(String life) {
        return ownLives.contains(life);
    }

    boolean isDead(String life) {
        return dead.containsKey(life);
    }

    /** Until when the peers of a drained life are kept; null: it has not been drained. */
    @Nullable
    Long drainedTill(String life) {
        return drained.get(life);
    }

    /** Greater than every one seen so far, whatever the clocks of the nodes say. */
    long nextStamp() {
        lastStamp = Math.max(lastStamp + 1, loop.wallMillis() << 16);
        return lastStamp;
    }

    void observe(long stamp) {
        lastStamp = Math.max(lastStamp, stamp);
    }

    /** Rises over all channels, so that a channel may be closed and opened again. */
    long nextN() {
        return ++lastN;
    }

    String newSid() {
        byte[] id = new byte[SID_BYTES];
        random.nextBytes(id);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(id);
    }

    UUID newId() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    /** Between 75 and 125 per cent of it. */
    long jitter(long nanos) {
        return nanos - nanos / 4 + random.nextLong(nanos / 2 + 1);
    }

    Outbox newOutbox(boolean ordered) {
        NodeSettings.Limits limits = settings.limits();
        return ordered
                ? new Outbox(limits.queueMessages(), limits.queueBytes(), queueBacklog)
                : new Outbox(limits.ringMessages(), limits.ringBytes(), ringBacklog);
    }

    ChannelSettings settingsOf(String channel) {
        return rules.of(channel);
    }

    boolean isChannelName(String channel) {
        if (channel.isBlank() || utf8(scopeOf(channel)) > MAX_SCOPE_BYTES) {
            return false;
        }
        String template = settingsOf(channel).scope();
        if (template == null) {
            return true;
        }
        // A client that names the channel must not get at what the nodes say to each other, of whatever realm.
        String joined = template.replace(ChannelSettings.CHANNEL, channel);
        return utf8(joined) <= MAX_SCOPE_BYTES && !joined.startsWith(SCOPES);
    }

    private String scopeOf(String channel) {
        return prefix + "/c/" + encoded(channel);
    }

    static int utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** No name of a client's choice can be another scope's: {@code %}, {@code /} and control characters are encoded. */
    private static String encoded(String name) {
        StringBuilder encoded = new StringBuilder(name.length());
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '%' || c == '/' || c < 0x20 || c == 0x7f) {
                encoded.append(String.format("%%%02X", (int) c));
            } else {
                encoded.append(c);
            }
        }
        return encoded.toString();
    }

    NodeSettings settings() {
        return settings;
    }

    NodeSettings.Limits limits() {
        return settings.limits();
    }

    RoomStore store() {
        return store;
    }

    Loop loop() {
        return loop;
    }

    long leaseNanos() {
        return Nanos.of(settings.lease());
    }

    long reconcileNanos() {
        return Nanos.of(settings.reconcile());
    }

    /** Without a volatile lane the log has to be quicker. */
    long settleNanos() {
        return store.lane() == null ? Nanos.of(settings.settle()) / 4 : Nanos.of(settings.settle());
    }

    long lingerOnLossNanos() {
        return Nanos.of(settings.lingerOnLoss());
    }

    private NodeDump dumpNow() {
        List<NodeDump.Channel> channels = new ArrayList<>();
        for (Room room : rooms.values()) {
            List<NodeDump.Present> present = new ArrayList<>();
            for (Presence each : room.roster.all()) {
                present.add(new NodeDump.Present(
                        each.clientId,
                        each.sid,
                        each.owner,
                        each.owner.equals(life) && !Mesh.isElsewhere(each.sid),
                        each.lingersTill != null));
            }
            channels.add(new NodeDump.Channel(room.channel, room.stateName(), List.copyOf(room.others()), present));
        }
        return new NodeDump(settings.realm(), life, live, peers.size(), channels);
    }
}
