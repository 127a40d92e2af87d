package dev.moitessier;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Appender;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Durability;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Brings appends to the store: directly while there is little to do, many in one call when there is much. An append that comes
 * when nothing is going on never waits for company.
 *
 * <ol>
 *   <li>Appends of a scope wait in its <em>lane</em>. A lane has at most one call to the store under way, so the order of a
 *       scope is the order of its lane, after failures too (B3). One writer on one scope is also the fastest: its row, key
 *       or transaction admits one at a time.
 *   <li>A blocking append whose lane is free goes directly, on its caller's thread, while at most {@value #PARALLEL} are under
 *       way in all.
 *   <li>What waits is taken by at most {@value #WRITERS} writer threads, as much as one call holds, across scopes. They
 *       exist only while needed. With more than {@value #PARALLEL} appends accepted, and for a moment after, nothing else
 *       starts calls: fewer and larger calls are then faster than many small ones.
 *   <li>Callers who have just been answered come back a moment later, and who is first would go alone, with the others behind
 *       it. So in busy times a call begins when as many wait as the last one had, or when that has taken too long: while
 *       the last one is under way, the time that calls take; after it, a quarter of that. With 32 callers on 1,000 scopes
 *       of a database server this is 3 to 4 times as fast as going at once.
 *   <li>What fails retryably, or with an unknown outcome, goes back to the head of its lane, which rests (backing off, with
 *       jitter) and goes on under the same ids, until its deadline; then the lane goes on without it.
 *   <li>An append on condition (M2) is the last of its scope in a call (B4).
 * </ol>
 *
 * A store in this process's memory has nothing to amortise: there everything goes directly, past the lock, unless something
 * waits for a retry.
 */
@SuppressWarnings("NonAtomicVolatileUpdate") // "accepted" changes under the lock; volatile is for who reads it without
final class Combiner {
    /** Calls at once while there are no more appends than this. */
    static final int PARALLEL = 4;

    /** Calls at once beyond that. */
    static final int WRITERS = 2;

    /** How long it stays busy after more than {@link #PARALLEL} were accepted. */
    private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** The longest wait for company, however slow the store is. */
    private static final long LONGEST_HOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long FIRST_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LONGEST_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final Appender store;
    private final int maxBatch;
    private final int maxBytes;
    private final boolean inProcess;
    private final long timeoutNanos;
    private final Executor executor;
    private final BiConsumer<String, StoreException> retried;

    private final ReentrantLock lock = new ReentrantLock();
    /** Something is ready, or resting, or this is closed. */
    private final Condition work = lock.newCondition();
    /** Something that was accepted has ended. */
    private final Condition ended = lock.newCondition();

    private final Map<String, Lane> lanes = new HashMap<>();
    private final ArrayDeque<Lane> ready = new ArrayDeque<>();
    private final PriorityQueue<Lane> resting = new PriorityQueue<>((a, b) -> Long.signum(a.restsUntil - b.restsUntil));
    private final ArrayDeque<Element> tasks = new ArrayDeque<>();
    private int calls;
    /** Appends in those calls. */
    private int called;
    /** When more than {@link #PARALLEL} were accepted for the last time. */
    private long lastBusy = System.nanoTime() - BUSY_NANOS;
    /** Until {@code heldUntil} a writer begins a call only if this many wait. */
    private int company;

    private long heldUntil = System.nanoTime();
    /** Nanoseconds of the last call that ended. */
    private long lastTook;

    private int writers;
    private int idleWriters;
    /** Those of the idle writers that wait for {@code heldUntil}. */
    private int holdingWriters;

    private int writerNumber;
    /** Nothing more is accepted. */
    private boolean closing;
    /** Nothing more is tried. */
    private boolean closed;
    /** Not ended yet, save direct ones of a store in this process. */
    private volatile int accepted;

    Combiner(
            Appender store,
            Capabilities capabilities,
            Duration timeout,
            Executor executor,
            BiConsumer<String, StoreException> retried) {
        this.store = store;
        this.maxBatch = capabilities.maxBatch();
        this.maxBytes = capabilities.maxAppend();
        this.inProcess = inProcess(capabilities);
        this.timeoutNanos = Durations.nanos(timeout);
        this.executor = executor;
        this.retried = retried;
    }

    /** Nothing to amortise, nothing to wait for. */
    static boolean inProcess(Capabilities capabilities) {
        return !capabilities.multiProcess() && capabilities.durability() == Durability.VOLATILE;
    }

    /** What became of one append; {@code results} and {@code failures} are a handler's. */
    record Answer(
            @Nullable Appended appended,
            List<Dispatched.Result> results,
            List<Dispatched.Failure> failures,
            @Nullable RuntimeException broken) {
        static Answer of(Appended appended) {
            return new Answer(appended, List.of(), List.of(), null);
        }

        static Answer broken(RuntimeException cause) {
            return new Answer(null, List.of(), List.of(), cause);
        }
    }

    /** Appends of one dispatch, which end together. */
    abstract static class Call {
        final @Nullable Answer[] answers;
        final List<Element> elements;
        int open;
        long deadline;

        Call(int size) {
            answers = new Answer[size];
            elements = new ArrayList<>(size);
            open = size;
        }

        /** All has been answered; called once, without the lock. */
        abstract void ended();

        /** True if {@link #ended} runs its callers' code and is therefore the executor's. */
        abstract boolean onExecutor();
    }

    private static final class Blocking extends Call {
        private final Thread caller = Thread.currentThread();
        private volatile boolean done;

        Blocking(int size) {
            super(size);
        }

        @Override
        void ended() {
            done = true;
            LockSupport.unpark(caller);
        }

        @Override
        boolean onExecutor() {
            return false;
        }
    }

    /** One append of a call, or work that ends in one and holds the lane meanwhile. */
    static final class Element {
        final Call call;
        final int index;
        final Lane lane;
        final @Nullable Append append;
        final @Nullable Function<Function<Append, Appended>, Answer> task;
        int attempts;
        boolean perhapsWritten;
        boolean underWay;

        @Nullable
        StoreException lastFailure;

        Element(
                Call call,
                int index,
                Lane lane,
                @Nullable Append append,
                @Nullable Function<Function<Append, Appended>, Answer> task) {
            this.call = call;
            this.index = index;
            this.lane = lane;
            this.append = append;
            this.task = task;
            call.elements.add(this);
        }

        Append append() {
            return Objects.requireNonNull(append);
        }
    }

    /** A scope that something waits for or is under way to; gone when neither. */
    static final class Lane {
        final String scope;
        final ArrayDeque<Element> waiting = new ArrayDeque<>();
        boolean underWay;
        boolean listed; // in ready or resting
        long restsUntil;

        @Nullable
        Thread holder; // runs a task that holds this lane

        Lane(String scope) {
            this.scope = scope;
        }
    }

    /** Appends one and waits for the answer, which is final: what failed has outlasted the timeout or will not pass. */
    Appended append(Append append) {
        if (inProcess && accepted == 0) {
            Appended answer = call(List.of(append)).get(0);
            return mayPass(answer) ? await(List.of(append), List.of(answer)).get(0) : answer;
        }
        return await(List.of(append), List.of()).get(0);
    }

    /** The same for one append each to several scopes; all are tried. */
    List<Appended> append(List<Append> appends) {
        if (appends.size() == 1) {
            return List.of(append(appends.get(0)));
        }
        if (!inProcess || accepted != 0) {
            return await(appends, List.of());
        }
        List<Appended> answers = callInChunks(appends);
        return answers.stream().anyMatch(Combiner::mayPass) ? await(appends, answers) : answers;
    }

    /**
     * Accepts without waiting for the store, unless it is in this process; {@link Call#ended} runs on the executor, or here if
     * all is done before this returns.
     */
    void submit(Call call, List<Append> appends) {
        List<Appended> before = inProcess && accepted == 0 ? callInChunks(appends) : List.of();
        boolean done;
        lock.lock();
        try {
            enter(call);
            for (int i = 0; i < appends.size(); i++) {
                accept(new Element(call, i, lane(appends.get(i).scope()), appends.get(i), null), before);
            }
            done = call.open == 0;
            wakeWriter();
        } finally {
            lock.unlock();
        }
        if (done) {
            call.ended();
        }
        startTasks();
    }

    /**
     * Accepts work that ends in an append to each scope. When its turn in the scope has come it runs on the executor, and the
     * lane waits for it; the function that it is given appends at once.
     */
    void submit(Call call, List<String> scopes, BiFunction<String, Function<Append, Appended>, Answer> task) {
        lock.lock();
        try {
            enter(call);
            for (int i = 0; i < scopes.size(); i++) {
                String scope = scopes.get(i);
                accept(new Element(call, i, lane(scope), null, appender -> task.apply(scope, appender)), List.of());
            }
        } finally {
            lock.unlock();
        }
        startTasks();
    }

    /** Appends that wait for their turn. */
    int waiting() {
        lock.lock();
        try {
            return lanes.values().stream().mapToInt(lane -> lane.waiting.size()).sum();
        } finally {
            lock.unlock();
        }
    }

    /** Refuses what comes, waits for what was accepted, then fails the rest; never throws. */
    void close(long deadline) {
        List<Call> done = new ArrayList<>();
        lock.lock();
        try {
            closing = true;
            awaitNone(deadline);
            closed = true;
            for (Lane lane : lanes.values()) {
                for (Element element : lane.waiting) {
                    settle(element, failed(new StoreException.Closed(element.perhapsWritten)), done);
                    accepted--;
                }
                lane.waiting.clear();
            }
            work.signalAll();
        } finally {
            lock.unlock();
        }
        announce(done);
    }

    private void awaitNone(long deadline) {
        try {
            long left = deadline - System.nanoTime();
            while (accepted > 0 && left > 0) {
                left = ended.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ------------------------------------------------------------ a blocking call

    /** @param before answers of a first try on this thread, or none */
    @SuppressWarnings("ReferenceEquality") // this very thread
    private List<Appended> await(List<Append> appends, List<Appended> before) {
        Blocking call = new Blocking(appends.size());
        Element direct = null;
        List<Element> held = new ArrayList<>(0);
        lock.lock();
        try {
            enter(call);
            for (int i = 0; i < appends.size(); i++) {
                Element element = new Element(call, i, lane(appends.get(i).scope()), appends.get(i), null);
                if (element.lane.holder == Thread.currentThread()) {
                    held.add(element);
                } else if (appends.size() == 1 && before.isEmpty() && isFree(element.lane)) {
                    start(element);
                    direct = element;
                } else {
                    accept(element, before);
                }
            }
            call.done = call.open == 0;
            wakeWriter();
        } finally {
            lock.unlock();
        }
        if (direct != null) {
            long began = System.nanoTime();
            finish(List.of(direct), call(List.of(direct.append())), System.nanoTime() - began);
        }
        for (Element element : held) {
            appendInsideTask(element);
        }
        waitFor(call);
        List<Appended> answers = new ArrayList<>(appends.size());
        for (Answer answer : call.answers) {
            answers.add(Objects.requireNonNull(Objects.requireNonNull(answer).appended()));
        }
        return answers;
    }

    /** A handler that dispatches to the very scope whose lane its own dispatch holds goes before it. */
    private void appendInsideTask(Element element) {
        Answer answer = Answer.of(appendNow(element.append()));
        List<Call> done = new ArrayList<>();
        lock.lock();
        try {
            settle(element, answer, done);
        } finally {
            lock.unlock();
        }
        announce(done);
    }

    private void waitFor(Blocking call) {
        while (!call.done) {
            long left = call.deadline - System.nanoTime();
            if (Thread.currentThread().isInterrupted()) {
                abandon(
                        call,
                        unknown -> new StoreException.Interrupted("interrupted while waiting for the store", unknown));
            } else if (left <= 0) {
                abandon(call, null);
            } else {
                LockSupport.parkNanos(this, left);
            }
        }
    }

    /** The caller waits no longer: what has not begun does not begin, what is under way ends unheard. */
    private void abandon(Call call, @Nullable Function<Boolean, StoreException> why) {
        List<Call> done = new ArrayList<>();
        lock.lock();
        try {
            for (Element element : call.elements) {
                if (call.answers[element.index] != null) {
                    continue;
                }
                boolean unknown = element.underWay || element.perhapsWritten;
                StoreException cause = why != null ? why.apply(unknown) : outOfTime(element, unknown);
                if (!element.underWay && element.lane.waiting.remove(element)) {
                    accepted--;
                    ended.signalAll();
                }
                settle(element, failed(cause), done);
            }
            wakeWriter();
        } finally {
            lock.unlock();
        }
        announce(done);
    }

    private StoreException outOfTime(Element element, boolean unknown) {
        String told = element.lastFailure == null ? "no answer" : String.valueOf(element.lastFailure.getMessage());
        return new StoreException.Unavailable(
                "not done within the call timeout of " + Duration.ofNanos(timeoutNanos) + ": " + told,
                element.lastFailure,
                unknown);
    }

    // ------------------------------------------------------------ lanes; all with the lock held

    private void enter(Call call) {
        if (closing) {
            throw new IllegalStateException(Dispatching.CLOSED);
        }
        call.deadline = System.nanoTime() + timeoutNanos;
    }

    private Lane lane(String scope) {
        return lanes.computeIfAbsent(scope, Lane::new);
    }

    private boolean isBusy(long now) {
        if (accepted > PARALLEL) {
            lastBusy = now;
        }
        return now - lastBusy < BUSY_NANOS;
    }

    private boolean isFree(Lane lane) {
        return !lane.underWay && lane.waiting.isEmpty() && accepted < PARALLEL && !isBusy(System.nanoTime());
    }

    /** Whether a writer may begin a call now, or when {@link #isHeld} no longer. */
    private boolean isReady(long now) {
        return !ready.isEmpty() && calls < (isBusy(now) ? WRITERS : PARALLEL);
    }

    private boolean isHeld(long now) {
        return accepted - called < company && now - heldUntil < 0 && isBusy(now);
    }

    private void hold(int company, long nanos) {
        this.company = company;
        heldUntil = System.nanoTime() + Math.min(nanos, LONGEST_HOLD_NANOS);
    }

    private void accept(Element element, List<Appended> before) {
        if (before.isEmpty()) {
            accepted++;
            enqueue(element);
            return;
        }
        Appended answer = before.get(element.index);
        if (mayPass(answer)) {
            accepted++;
            failedOnce(element, answer);
            enqueue(element);
        } else {
            settle(element, Answer.of(answer), new ArrayList<>(1));
            dropIfIdle(element.lane);
        }
    }

    private void enqueue(Element element) {
        element.lane.waiting.add(element);
        list(element.lane);
    }

    /** Puts a lane where it belongs: among those to take, those that rest, or nowhere. */
    private void list(Lane lane) {
        if (lane.underWay || lane.listed) {
            return;
        }
        Element head = lane.waiting.peek();
        if (head == null) {
            dropIfIdle(lane);
        } else if (head.attempts > 0) {
            lane.restsUntil = System.nanoTime() + restNanos(head.attempts);
            lane.listed = true;
            resting.add(lane);
        } else if (head.task != null) {
            lane.waiting.remove();
            lane.underWay = true;
            head.underWay = true;
            tasks.add(head);
        } else {
            lane.listed = true;
            ready.add(lane);
        }
    }

    private void dropIfIdle(Lane lane) {
        if (!lane.underWay && !lane.listed && lane.waiting.isEmpty()) {
            lanes.remove(lane.scope, lane);
        }
    }

    private void start(Element direct) {
        accepted++;
        calls++;
        called++;
        direct.underWay = true;
        direct.lane.underWay = true;
    }

    private void settle(Element element, Answer answer, List<Call> done) {
        Call call = element.call;
        if (call.answers[element.index] == null) {
            call.answers[element.index] = answer;
            call.open--;
            if (call.open == 0) {
                done.add(call);
            }
        }
    }

    private void failedOnce(Element element, Appended answer) {
        if (answer instanceof Appended.Failed failed) {
            element.attempts++;
            element.perhapsWritten |= failed.cause().outcomeUnknown();
            element.lastFailure = failed.cause();
        }
    }

    /** As much as one call holds, from the lanes that have waited longest; empty if nothing is ready. */
    private List<Element> nextBatch() {
        List<Element> batch = new ArrayList<>();
        long room = maxBytes;
        Lane lane = ready.poll();
        while (lane != null) {
            lane.listed = false;
            room = take(lane, batch, room);
            if (!lane.underWay && room == 0) {
                lane.listed = true;
                ready.addFirst(lane);
            } else {
                list(lane); // gone, or a task, if those before it were abandoned
            }
            lane = batch.size() < maxBatch && room > 0 ? ready.poll() : null;
        }
        return batch;
    }

    private long take(Lane lane, List<Element> batch, long room) {
        Element head = lane.waiting.peek();
        while (head != null && head.task == null && batch.size() < maxBatch) {
            long bytes = head.append().content().size();
            if (bytes > room && !batch.isEmpty()) {
                return lane.underWay ? room : 0;
            }
            lane.waiting.remove();
            lane.underWay = true;
            head.underWay = true;
            batch.add(head);
            room -= bytes;
            if (head.append().ifMembers().isPresent()) {
                return room;
            }
            head = lane.waiting.peek();
        }
        return room;
    }

    private void finish(List<Element> batch, List<Appended> answers, long took) {
        List<Call> done = new ArrayList<>();
        List<Element> again = new ArrayList<>(0);
        long now = System.nanoTime();
        lock.lock();
        try {
            calls--;
            called -= batch.size();
            lastTook = took;
            hold(batch.size(), took / 4);
            for (int i = batch.size() - 1; i >= 0; i--) { // from the end, so that what goes again keeps its order
                Element element = batch.get(i);
                Appended answer = answers.get(i);
                element.underWay = false;
                if (goesAgain(element, answer, now)) {
                    failedOnce(element, answer);
                    element.lane.waiting.addFirst(element);
                    again.add(element);
                } else {
                    accepted--;
                    settle(element, Answer.of(known(element, answer)), done);
                }
            }
            for (Element element : batch) {
                element.lane.underWay = false;
            }
            for (Element element : batch) {
                list(element.lane);
            }
            ended.signalAll();
            wakeWriter();
        } finally {
            lock.unlock();
        }
        again.forEach(element -> retried.accept(element.lane.scope, Objects.requireNonNull(element.lastFailure)));
        announce(done);
        startTasks();
    }

    private boolean goesAgain(Element element, Appended answer, long now) {
        return mayPass(answer)
                && element.call.answers[element.index] == null
                && now - element.call.deadline < 0
                && !closed;
    }

    /** A try before the last may have written, whatever the last one says. */
    private static Appended known(Element element, Appended answer) {
        if (answer instanceof Appended.Failed failed
                && element.perhapsWritten
                && !failed.cause().outcomeUnknown()) {
            return new Appended.Failed(perhapsWritten(failed.cause()));
        }
        return answer;
    }

    private static StoreException perhapsWritten(StoreException cause) {
        String message = String.valueOf(cause.getMessage());
        if (cause instanceof StoreException.Closed) {
            return new StoreException.Closed(true);
        }
        if (cause instanceof StoreException.Interrupted) {
            return new StoreException.Interrupted(message, true);
        }
        return new StoreException.Unavailable(message, cause, true);
    }

    // ------------------------------------------------------------ writers

    private void wakeWriter() {
        long now = System.nanoTime();
        boolean some = (isReady(now) && (!isHeld(now) || holdingWriters == 0)) || !resting.isEmpty();
        if (some && idleWriters > 0) {
            work.signal();
        } else if (some && writers < WRITERS) {
            writers++;
            Thread writer = new Thread(this::write, "moitessier-writer-" + ++writerNumber);
            writer.setDaemon(true);
            writer.start();
        }
    }

    private void write() {
        List<Element> batch = nextWork();
        while (!batch.isEmpty()) {
            List<Append> appends = new ArrayList<>(batch.size());
            batch.forEach(element -> appends.add(element.append()));
            long began = System.nanoTime();
            List<Appended> answers = call(appends);
            Thread.interrupted(); // nobody owns this thread's interruption: what it stopped is tried again
            finish(batch, answers, System.nanoTime() - began);
            batch = nextWork();
            startTasks();
        }
    }

    /** Waits for a batch; empty: nothing came for a while, and this writer has been signed off. */
    private List<Element> nextWork() {
        lock.lock();
        try {
            long idleSince = System.nanoTime();
            while (!closed) {
                long now = System.nanoTime();
                wakeRested(now);
                boolean held = isHeld(now);
                if (isReady(now) && !held) {
                    List<Element> batch = nextBatch();
                    if (!batch.isEmpty()) {
                        calls++;
                        called += batch.size();
                        hold(batch.size(), lastTook);
                        wakeWriter();
                        return batch;
                    }
                }
                boolean holding = held && isReady(now);
                long wait = resting.isEmpty() ? idleSince + IDLE_NANOS - now : resting.peek().restsUntil - now;
                if (wait <= 0) {
                    break;
                }
                idle(holding ? Math.min(wait, heldUntil - now) : wait, holding);
            }
            writers--;
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    @SuppressWarnings("WaitNotInLoop") // its caller looks again at everything
    private void idle(long nanos, boolean holding) {
        idleWriters++;
        holdingWriters += holding ? 1 : 0;
        try {
            work.awaitNanos(nanos);
        } catch (InterruptedException e) {
            // As above.
        } finally {
            holdingWriters -= holding ? 1 : 0;
            idleWriters--;
        }
    }

    private void wakeRested(long now) {
        Lane lane = resting.peek();
        while (lane != null && lane.restsUntil - now <= 0) {
            resting.remove();
            Element head = lane.waiting.peek();
            if (head != null && head.attempts > 0) {
                ready.add(lane);
            } else { // who it rested for was abandoned
                lane.listed = false;
                list(lane);
            }
            lane = resting.peek();
        }
    }

    // ------------------------------------------------------------ tasks

    private void startTasks() {
        Element task = nextTask();
        while (task != null) {
            Element now = task;
            onExecutor(() -> runTask(now));
            task = nextTask();
        }
    }

    private @Nullable Element nextTask() {
        lock.lock();
        try {
            return tasks.poll();
        } finally {
            lock.unlock();
        }
    }

    private void runTask(Element element) {
        Lane lane = element.lane;
        setHolder(lane, Thread.currentThread());
        Answer answer = Answer.broken(new IllegalStateException("a handler ended its thread"));
        try {
            answer = Objects.requireNonNull(element.task).apply(this::appendNow);
        } catch (RuntimeException broken) {
            answer = Answer.broken(broken);
        } finally {
            List<Call> done = new ArrayList<>(1);
            lock.lock();
            try {
                lane.holder = null;
                lane.underWay = false;
                accepted--;
                settle(element, answer, done);
                list(lane);
                ended.signalAll();
                wakeWriter();
            } finally {
                lock.unlock();
            }
            done.forEach(Call::ended);
            startTasks();
        }
    }

    private void setHolder(Lane lane, Thread thread) {
        lock.lock();
        try {
            lane.holder = thread;
        } finally {
            lock.unlock();
        }
    }

    /** Appends on this thread, which holds the lane, and tries again until the timeout. */
    private Appended appendNow(Append append) {
        long deadline = System.nanoTime() + timeoutNanos;
        boolean perhapsWritten = false;
        int attempts = 0;
        while (true) {
            Appended answer = call(List.of(append)).get(0);
            if (!(answer instanceof Appended.Failed failed)) {
                return answer;
            }
            perhapsWritten |= failed.cause().outcomeUnknown();
            if (!mayPass(answer) || System.nanoTime() - deadline >= 0) {
                return perhapsWritten && !failed.cause().outcomeUnknown()
                        ? new Appended.Failed(perhapsWritten(failed.cause()))
                        : answer;
            }
            retried.accept(append.scope(), failed.cause());
            LockSupport.parkNanos(this, restNanos(++attempts));
        }
    }

    // ------------------------------------------------------------ the store, and the callers

    private List<Appended> callInChunks(List<Append> appends) {
        if (appends.size() <= maxBatch) {
            return call(appends);
        }
        List<Appended> answers = new ArrayList<>(appends.size());
        for (int from = 0; from < appends.size(); from += maxBatch) {
            answers.addAll(call(appends.subList(from, Math.min(from + maxBatch, appends.size()))));
        }
        return answers;
    }

    /** One answer per append, whatever the store does. */
    private List<Appended> call(List<Append> appends) {
        try {
            List<Appended> answers = store.append(appends);
            if (answers.size() == appends.size()) {
                return answers;
            }
            return all(
                    appends,
                    new StoreException.Unavailable(
                            "the store gave " + answers.size() + " answers to " + appends.size() + " appends",
                            null,
                            true));
        } catch (StoreException failed) {
            return all(appends, failed);
        } catch (RuntimeException | Error broken) {
            return all(appends, new StoreException.Unavailable("the store threw " + broken, broken, true));
        }
    }

    private static List<Appended> all(List<Append> appends, StoreException cause) {
        return Collections.nCopies(appends.size(), new Appended.Failed(cause));
    }

    private static boolean mayPass(Appended answer) {
        if (!(answer instanceof Appended.Failed failed)) {
            return false;
        }
        StoreException cause = failed.cause();
        if (cause instanceof StoreException.Closed
                || (cause instanceof StoreException.Interrupted
                        && Thread.currentThread().isInterrupted())) {
            return false;
        }
        return cause.retryable() || cause.outcomeUnknown();
    }

    private static Answer failed(StoreException cause) {
        return Answer.of(new Appended.Failed(cause));
    }

    private static long restNanos(int attempts) {
        long most = Math.min(LONGEST_REST_NANOS, FIRST_REST_NANOS << Math.min(attempts - 1, 10));
        return most / 2 + ThreadLocalRandom.current().nextLong(most / 2);
    }

    private void announce(List<Call> done) {
        List<Call> later = new ArrayList<>(0);
        for (Call call : done) {
            if (call.onExecutor()) {
                later.add(call);
            } else {
                call.ended();
            }
        }
        if (!later.isEmpty()) {
            onExecutor(() -> later.forEach(Call::ended));
        }
    }

    /** An executor that has been shut down must not leave anybody waiting. */
    private void onExecutor(Runnable work) {
        try {
            executor.execute(work);
        } catch (RejectedExecutionException shutDown) {
            work.run();
        }
    }
}
