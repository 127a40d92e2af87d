package dev.moitessier;

import dev.moitessier.Outage.Work;
import dev.moitessier.Place.Load;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The multiplexer: one per node, whatever the number of listeners.
 *
 * <ol>
 *   <li>A hint, a poll or a listener that wants more marks its scope and wakes the tick.
 *   <li>The tick takes the marked scopes and makes one read request for each scope and cursor: all listeners of a scope that stand at
 *       the same place share it, those that lag have their own.
 *   <li>It reads them all with one call of the store, up to 1,000 requests (R1).
 *   <li>It decides for each listener what it may see (A3) and hands over at most a batch. From there on the consumer's threads work,
 *       and the tick does not wait for them: who is slow is not read for. One of them, the last, is run by the tick's own thread
 *       after the tick has ended, so that a message costs one change of threads; the next tick has another thread. Where the store
 *       is in this process, a thread that waits in {@code listenUntil} for a hinted scope runs one round of the tick itself.
 *   <li>When its load is handled, the cursor moves, and the listener waits for a hint or is behind again.
 * </ol>
 *
 * One tick runs at a time, on a thread of its own while there is something to do.
 */
final class Engine {
    private static final Logger LOG = LoggerFactory.getLogger(Moitessier.class);
    private static final int REQUESTS = 1_000;
    private static final int BYTES = 8 << 20;

    private static final int IDLE = 0;
    private static final int SCHEDULED = 1;
    private static final int RUNNING = 2;
    private static final int RUNNING_AGAIN = 3;

    final Node node;
    final Outage outage;
    final SessionKeeper keeper;
    final Acknowledger acknowledger;

    private final MailboxStore store;
    private final TimeSource time;
    private final Watches watches;
    private final Polling polling;
    private final boolean direct;
    /** Reads end soon, so a caller's thread may do them. */
    private final boolean near;

    private final boolean observed;
    private final Executor blocking;
    private final @Nullable ExecutorService ownBlocking;
    private final boolean ownExecutor;
    /** How many responders a tick's thread may run at once; more wait for the executor's bounded number of threads. */
    private final Semaphore kept = new Semaphore(Runtime.getRuntime().availableProcessors());

    private final Map<String, LocalScope> scopes = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<LocalScope> marked = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean markAll = new AtomicBoolean();
    private final AtomicInteger tick = new AtomicInteger(IDLE);
    private volatile @Nullable Thread ticking;
    /** Of the tick: runs on its thread when it has ended. */
    private @Nullable PushedConsumer held;

    private volatile boolean pausing;
    private volatile boolean closed;

    /** @param ownExecutor whether responders may run on a thread that is not the executor's */
    Engine(Node node, boolean ownExecutor) {
        this.node = node;
        this.ownExecutor = ownExecutor;
        this.store = node.store();
        this.time = node.time();
        this.outage = new Outage(time, node.observer(), node.capabilities());
        this.observed = !node.observer().equals(Observers.none());
        this.direct = Threads.direct(node.executor());
        this.near = !node.capabilities().multiProcess();
        this.ownBlocking = direct ? null : Threads.blocking("moitessier-store");
        this.blocking = ownBlocking == null ? Runnable::run : ownBlocking;
        this.watches = new Watches(this);
        this.polling = new Polling(this, time, node.capabilities().push().isPresent());
        this.keeper = new SessionKeeper(this);
        this.acknowledger = new Acknowledger(this);
    }

    /** @throws StoreException if the store does not answer */
    void start() {
        keeper.start();
        watches.open(store);
    }

    // ---- scopes and their members

    /** Before it is registered, so that whoever renews the session meanwhile knows of it. */
    Place join(Feed feed, String name) {
        Place[] joined = new Place[1];
        scopes.compute(name, (key, known) -> {
            LocalScope scope = known != null ? known : new LocalScope(key);
            joined[0] = new Place(feed, scope, scope.mailbox(feed.conditions));
            scope.join(joined[0]);
            return scope;
        });
        return joined[0];
    }

    void leave(Place place) {
        scopes.computeIfPresent(place.scope.name, (key, scope) -> scope.leave(place) ? null : scope);
    }

    Collection<LocalScope> scopes() {
        return scopes.values();
    }

    // ---- consumers

    /** Puts the cursors where {@code since} says and begins to read. Blocks on the store unless that is where it left off. */
    void begin(Feed.Consumer consumer) {
        Place[] places = consumer.feed.places;
        Since since = consumer.options.since();
        long[] cursors = new long[places.length];
        for (int i = 0; i < places.length; i++) {
            cursors[i] = cursor(places[i], since);
        }
        for (int i = 0; i < places.length; i++) {
            LocalScope scope = places[i].scope;
            if (scope.activate(places[i], cursors[i])) {
                watches.update(scope);
            }
            if (scope.enqueue()) {
                marked.add(scope);
            }
        }
        wake();
    }

    /** The consumer takes no more. Nothing of it runs when this is called. */
    void stop(Feed.Consumer consumer) {
        for (Place place : consumer.feed.places) {
            if (place.scope.deactivate(place)) {
                watches.update(place.scope);
                polling.forget(place.scope);
            }
        }
        consumer.feed.detach(consumer);
    }

    /** The consumer has handled its load. */
    void handled(Place place, long next) {
        boolean enqueue = place.scope.handled(place, next);
        if (place.feed.conditions.isDurable()) {
            acknowledger.mark(place);
        }
        if (enqueue) {
            marked.add(place.scope);
            wake();
        }
    }

    /** Tells a consumer what it has missed, on its thread. */
    void tell(ListenOptions options, @Nullable Gap gap) {
        if (gap == null) {
            return;
        }
        node.observer().missed(gap);
        java.util.function.Consumer<Gap> told = options.onGapOrNull();
        if (told == null) {
            LOG.warn("a listener missed messages: {}", gap);
            return;
        }
        try {
            told.accept(gap);
        } catch (RuntimeException failure) {
            LOG.warn("onGap threw, told of {}", gap, failure);
        }
    }

    /** The responder has returned. */
    void delivered(DeliveryEvent event, Place place, List<Message> messages) {
        event.end();
        boolean recorded = event.shouldCommit();
        if (messages.isEmpty() || (!recorded && !observed)) {
            return;
        }
        Message newest = messages.get(messages.size() - 1);
        Duration lag = Duration.between(newest.at(), time.instant());
        if (recorded) {
            event.scope = place.scope.name;
            event.messages = messages.size();
            event.position = newest.position();
            event.lag = lag.toNanos();
            event.commit();
        }
        if (observed) {
            node.observer().delivered(place.scope.name, messages.size(), lag);
        }
    }

    /** A place was registered again and goes on behind this gap. */
    void resume(Place place, Gap gap) {
        if (place.scope.resume(place, gap)) {
            marked.add(place.scope);
            wake();
        }
    }

    // ---- where to begin

    private long cursor(Place place, Since since) {
        return switch (since.kind()) {
            case LEFT_OFF -> place.cursor;
            case NOW -> newest(place, 1).head();
            // Not 0: what was swept before it asked is no gap.
            case BEGINNING -> newest(place, 1).trimmed();
            case LAST -> beforeNewest(place, since.count());
            case INSTANT -> store.position(place.scope.name, since.at());
            case POSITION -> since.position();
            case POSITIONS -> {
                Long position = since.position(place.scope.name);
                yield position != null ? position : place.cursor;
            }
        };
    }

    /** V3. A store may add entries that this mailbox does not see (R2): then the window grows until enough are in it. */
    private long beforeNewest(Place place, int count) {
        for (int window = count; ; window = Math.min(4 * window, 1_000_000)) {
            Page page = newest(place, window);
            List<Message> visible = new PageView(page).visibleTo(place.mailbox);
            if (visible.size() >= count) {
                return visible.get(visible.size() - count).position() - 1;
            }
            if (page.entries().size() < window || window == 1_000_000) {
                return visible.isEmpty() ? page.head() : visible.get(0).position() - 1;
            }
        }
    }

    private Page newest(Place place, int count) {
        return store.read(List.of(new ReadRequest(place.scope.name, 0, count, true, Set.of(place.mailbox))), BYTES)
                .get(0);
    }

    /** Reads once, moves no cursor. */
    List<Message> messages(Feed feed, Since since, int max) {
        List<Message> messages = new ArrayList<>();
        for (Place place : feed.places) {
            long cursor = cursor(place, since);
            boolean more = true;
            while (more && messages.size() < max) {
                int wanted = Math.min(max - messages.size(), 10_000);
                Page page = store.read(
                                List.of(new ReadRequest(
                                        place.scope.name, cursor, wanted, false, Set.of(place.mailbox))),
                                BYTES)
                        .get(0);
                List<Message> visible = new PageView(page).visibleTo(place.mailbox);
                messages.addAll(visible.subList(0, Math.min(visible.size(), wanted)));
                more = page.next() < page.head() && page.next() > cursor;
                cursor = page.next();
            }
        }
        return List.copyOf(messages);
    }

    // ---- waking

    void hinted(String name) {
        node.observer().hinted(name);
        LocalScope scope = scopes.get(name);
        if (scope != null && scope.soil()) {
            marked.add(scope);
            wakeLater(near ? scope.idleCaller() : null);
        }
    }

    void allHinted() {
        markAll.set(true);
        wakeLater(null);
    }

    /** It is time to look at these. */
    void look(List<LocalScope> due) {
        boolean any = false;
        for (LocalScope scope : due) {
            if (scope.soil()) {
                marked.add(scope);
                any = true;
            }
        }
        if (any) {
            wake();
        }
    }

    /** Runs the tick soon; with a direct executor, before this returns, unless it is running already. */
    void wake() {
        if (schedule()) {
            onStoreThread(this::runIfScheduled);
        } else if (direct) {
            runIfScheduled();
        }
    }

    /** The same for the store's own threads, which must not call the store: with a direct executor, the timer runs it. */
    private void wakeLater(@Nullable CallerLoop<?, ?> idle) {
        if (!schedule()) {
            return;
        }
        if (direct) {
            time.at(time.instant(), this::runIfScheduled);
        } else if (idle != null && idle.isIdle()) { // asked after schedule(): either sees what the other has done
            idle.offered();
        } else {
            onStoreThread(this::runIfScheduled);
        }
    }

    /** A thread has waited in {@code listenUntil}, and the tick may have been left to it. */
    void tickAfterWait() {
        if (!near || direct || tick.get() != SCHEDULED) {
            return;
        }
        if (Thread.currentThread().isInterrupted()) {
            onStoreThread(this::runIfScheduled);
            return;
        }
        if (!tick.compareAndSet(SCHEDULED, RUNNING)) {
            return;
        }
        try {
            if (!pausing && !closed) {
                round();
            }
        } catch (RuntimeException | Error bug) {
            LOG.error("the engine stumbled and goes on", bug);
        }
        // One round, whatever others want: this thread has its own to do.
        if (markAll.get() || !marked.isEmpty() || !tick.compareAndSet(RUNNING, IDLE)) {
            tick.set(SCHEDULED);
            onStoreThread(this::runIfScheduled);
        }
    }

    /** Runs here what waits for the timer, if all runs on its caller's thread. */
    void drive() {
        if (direct) {
            runIfScheduled();
        }
    }

    private boolean schedule() {
        while (true) {
            int state = tick.get();
            if (state == IDLE && tick.compareAndSet(IDLE, SCHEDULED)) {
                return true;
            }
            if (state == SCHEDULED
                    || state == RUNNING_AGAIN
                    || (state == RUNNING && tick.compareAndSet(RUNNING, RUNNING_AGAIN))) {
                return false;
            }
        }
    }

    private void runIfScheduled() {
        if (!tick.compareAndSet(SCHEDULED, RUNNING)) {
            return;
        }
        PushedConsumer mine;
        boolean more;
        do {
            tick.set(RUNNING);
            ticking = Thread.currentThread();
            try {
                tick();
            } catch (RuntimeException | Error bug) {
                LOG.error("the engine stumbled and goes on", bug);
            }
            ticking = null;
            mine = held;
            held = null;
            // From IDLE on, the next tick may run on another thread.
            more = !tick.compareAndSet(RUNNING, IDLE);
            if (more) {
                held = mine;
            }
        } while (more);
        if (mine != null) {
            runHere(mine);
        }
    }

    private void runHere(PushedConsumer consumer) {
        if (!kept.tryAcquire()) {
            consumer.execute();
            return;
        }
        try {
            consumer.run();
        } finally {
            kept.release();
        }
    }

    /** True if the tick that has just read for it runs it. */
    boolean keeps(PushedConsumer consumer) {
        if (!ownExecutor || !Thread.currentThread().equals(ticking)) {
            return false;
        }
        letGo();
        held = consumer;
        return true;
    }

    /** Before the tick does what may take long. */
    private void letGo() {
        PushedConsumer before = held;
        held = null;
        if (before != null) {
            before.execute();
        }
    }

    /** Runs what may block on the store. */
    void onStoreThread(Runnable task) {
        try {
            blocking.execute(task);
        } catch (RejectedExecutionException shutDown) {
            LOG.debug("not run, the node is closed");
        }
    }

    boolean isDirect() {
        return direct;
    }

    boolean isClosed() {
        return closed;
    }

    // ---- the tick

    /** One request to the store, and for whom. */
    private record Read(LocalScope scope, long after, List<Place> places) {
        ReadRequest request() {
            int entries = 1;
            Set<ListenerRef> readers = new HashSet<>();
            for (Place place : places) {
                Feed.Consumer consumer = place.feed.consumer();
                entries = Math.max(entries, consumer == null ? 1 : consumer.share());
                readers.add(place.mailbox);
            }
            return new ReadRequest(scope.name, after, entries, false, readers);
        }
    }

    private void tick() {
        letGo();
        if (markAll.getAndSet(false)) {
            for (LocalScope scope : scopes.values()) {
                if (scope.soil()) {
                    marked.add(scope);
                }
            }
        }
        while (!pausing && !closed && !marked.isEmpty()) {
            round();
        }
    }

    private void round() {
        List<Read> reads = new ArrayList<>();
        for (LocalScope scope = marked.poll(); scope != null; scope = reads.size() < REQUESTS ? marked.poll() : null) {
            addReads(scope, reads);
        }
        if (!reads.isEmpty()) {
            read(reads);
        }
    }

    private static void addReads(LocalScope scope, List<Read> reads) {
        Read last = null;
        Map<Long, Read> byCursor = null;
        for (Place place : scope.takeHungry()) {
            long cursor = place.cursor;
            if (last == null || last.after() != cursor) {
                Read known = byCursor == null ? null : byCursor.get(cursor);
                if (known == null) {
                    known = new Read(scope, cursor, new ArrayList<>());
                    reads.add(known);
                    byCursor = byCursor == null ? new HashMap<>() : byCursor;
                    byCursor.put(cursor, known);
                }
                last = known;
            }
            last.places().add(place);
        }
    }

    private void read(List<Read> reads) {
        int done = 0;
        try {
            List<ReadRequest> requests = new ArrayList<>(reads.size());
            for (Read read : reads) {
                requests.add(read.request());
            }
            letGo();
            List<Page> pages = store.read(requests, BYTES);
            outage.succeeded(Work.READ);
            for (; done < reads.size(); done++) {
                handOver(reads.get(done), pages.get(done));
            }
        } catch (StoreException.Closed storeClosed) {
            putBack(reads, done);
            failAll(storeClosed);
        } catch (RuntimeException failure) {
            putBack(reads, done);
            if (!closed) {
                pausing = true;
                time.after(outage.failed(Work.READ, failure), () -> {
                    pausing = false;
                    wake();
                });
            }
        }
    }

    private void putBack(List<Read> reads, int from) {
        for (Read read : reads.subList(from, reads.size())) {
            read.scope().putBack(read.places());
            if (read.scope().enqueue()) {
                marked.add(read.scope());
            }
        }
    }

    private void failAll(StoreException.Closed storeClosed) {
        closed = true;
        for (LocalScope scope : scopes.values()) {
            scope.forEachMember(place -> {
                Feed.Consumer consumer = place.feed.consumer();
                if (consumer != null) {
                    onStoreThread(() -> consumer.end(storeClosed));
                }
            });
        }
    }

    private void handOver(Read read, Page page) {
        LocalScope scope = read.scope();
        List<Place> places = verified(read, page);
        scope.sawHead(page.head());
        PageView view = new PageView(page);
        boolean enqueue = false;
        for (Place place : places) {
            enqueue |= handOver(place, page, view);
        }
        if (enqueue || scope.enqueueIfBehind()) {
            marked.add(scope);
        }
        if (scope.isActive()) {
            polling.rest(scope, !page.entries().isEmpty());
        }
    }

    /** True if the caller has to queue the scope. */
    private boolean handOver(Place place, Page page, PageView view) {
        Feed.Consumer consumer = place.feed.consumer();
        if (consumer == null) {
            return false;
        }
        if (page.reset()) {
            // C1: to the head, or replay what there is for who asked for all.
            long resume = consumer.options.since().kind() == Since.Kind.BEGINNING ? page.trimmed() : page.head();
            Gap reset = new Gap(page.scope(), place.cursor, resume, Gap.Reason.RESET);
            load(place, new Load(List.of(), resume, place.gap != null ? place.gap : reset));
            return false;
        }
        Gap gap = place.gap;
        if (gap == null && page.lossy()) {
            gap = new Gap(page.scope(), place.cursor, page.trimmed(), Gap.Reason.TRIMMED);
        }
        List<Message> visible = view.visibleTo(place.mailbox);
        if (visible.isEmpty() && gap == null) {
            return place.scope.skipTo(place, page.next());
        }
        int batch = consumer.share();
        if (visible.size() <= batch) {
            load(place, gap == null ? view.load(visible) : new Load(visible, page.next(), gap));
        } else {
            List<Message> first = visible.subList(0, batch);
            load(place, new Load(first, first.get(batch - 1).position(), gap));
        }
        return false;
    }

    private static void load(Place place, Load load) {
        if (place.scope.load(place, load)) {
            place.feed.offer(place);
        }
    }

    /**
     * R4, R5: before a page of a version that is new to them is handed over, the mailboxes are compared with those of the store.
     * Who is no longer there is registered again and reads on from its cursor; answers the others.
     */
    private List<Place> verified(Read read, Page page) {
        boolean same = page.membersVersion() != 0;
        for (Place place : read.places()) {
            same &= place.version == page.membersVersion();
        }
        if (same) {
            return read.places();
        }
        letGo();
        Set<ListenerRef> own = new HashSet<>();
        Map<Place, UUID> registrations = new HashMap<>();
        for (Place place : read.places()) {
            own.add(place.mailbox);
            registrations.put(place, place.registration);
        }
        Members members = store.members(read.scope().name, own);
        List<Place> there = new ArrayList<>(read.places().size());
        for (Place place : read.places()) {
            Long start = members.starts().get(place.mailbox);
            if (start != null && start == place.start) {
                place.version = members.version();
                there.add(place);
            } else {
                keeper.registerAgain(place, registrations.get(place), members.version() == 0);
                read.scope().putBack(place);
            }
        }
        return there;
    }

    /** What a page holds for each mailbox; listeners that see the same share one list, so it is known by its reference. */
    @SuppressWarnings("ReferenceEquality")
    private static final class PageView {
        private final Page page;
        private final List<Entry> entries;
        private final @Nullable Message[] bodies;
        private final boolean addressed;
        private @Nullable List<Message> common;
        private @Nullable Load load;

        PageView(Page page) {
            this.page = page;
            this.entries = page.entries();
            this.bodies = new Message[entries.size()];
            boolean any = false;
            for (Entry entry : entries) {
                any |= entry.content().to() != null;
            }
            this.addressed = any;
        }

        List<Message> visibleTo(ListenerRef mailbox) {
            if (entries.isEmpty()) {
                return List.of();
            }
            if (addressed || mailbox.type() == ListenerType.HANDLER) {
                return select(mailbox);
            }
            if (common == null) {
                common = select(mailbox);
            }
            return common;
        }

        Load load(List<Message> visible) {
            if (load == null || load.messages() != visible) {
                load = new Load(visible, page.next(), null);
            }
            return load;
        }

        private List<Message> select(ListenerRef mailbox) {
            List<Message> visible = new ArrayList<>(entries.size());
            for (int i = 0; i < bodies.length; i++) {
                Entry entry = entries.get(i);
                var text = Visibility.of(mailbox, entry.content());
                if (text == null) {
                    continue;
                }
                if (text != entry.content().body()) {
                    visible.add(new Message(page.scope(), entry, text));
                } else {
                    Message body = bodies[i];
                    if (body == null) {
                        body = new Message(page.scope(), entry, text);
                        bodies[i] = body;
                    }
                    visible.add(body);
                }
            }
            return java.util.Collections.unmodifiableList(visible);
        }
    }

    // ---- the end

    /** Ends all consumers and waits for the functions that run, at most until then. */
    void endConsumers(long deadline) {
        List<Feed.Consumer> ended = new ArrayList<>();
        for (LocalScope scope : scopes.values()) {
            scope.forEachMember(place -> {
                place.feed.close();
                Feed.Consumer consumer = place.feed.consumer();
                if (consumer != null) {
                    ended.add(consumer);
                }
            });
        }
        for (Feed.Consumer consumer : ended) {
            consumer.end(Ended.CLOSED);
        }
        for (Feed.Consumer consumer : ended) {
            if (!awaitRelease(consumer, deadline - System.nanoTime())) {
                LOG.warn("closed while a responder still ran: {}", consumer.feed);
            }
        }
    }

    static boolean awaitRelease(Feed.Consumer consumer, long nanos) {
        try {
            return consumer.awaitRelease(Math.max(0, nanos));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    void close() {
        closed = true;
        polling.close();
        watches.close();
        keeper.stop();
        if (ownBlocking != null) {
            ownBlocking.shutdown();
        }
    }

    Duration callTimeout() {
        return node.settings().callTimeout();
    }
}
