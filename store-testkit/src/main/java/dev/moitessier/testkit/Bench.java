package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Address;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoredSubscriber;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.Watch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/** What one test of the contract works with: instances, names of its own, short forms of the SPI. Closes what it opened. */
final class Bench implements AutoCloseable {
    /** Longer than any test. */
    static final Duration LONG = Duration.ofMinutes(10);
    /** A byte bound that does not matter. */
    static final int PLENTY = 4 << 20;
    /** Keeps everything. */
    static final Function<String, Retention> KEEP_ALL = scope -> new Retention(Duration.ofDays(3650), Long.MAX_VALUE);

    private static final Party SENDER = new Party("sender", "");

    private final Wired wired;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final List<Object> held = new ArrayList<>();
    private int scopes;
    private @Nullable UUID session;

    Bench(Wired wired) {
        this.wired = wired;
    }

    /** 12 characters that nobody else uses. */
    static String randomName() {
        StringBuilder name = new StringBuilder("k");
        while (name.length() < 12) {
            name.append(Character.forDigit(ThreadLocalRandom.current().nextInt(36), 36));
        }
        return name.toString();
    }

    // Instances

    MailboxStore store() {
        return wired.store();
    }

    /** A second instance, as another process would have it. */
    MailboxStore other() {
        return wired.other();
    }

    /** One more instance for this test. */
    MailboxStore open() throws Exception {
        return closing(wiring().open());
    }

    /** Closes both shared instances, restarts the server where there is one, and opens them again. */
    void restart() throws Exception {
        wired.restart();
        session = null;
    }

    /** A wiring over another namespace, in which nothing ever happened. */
    StoreWiring anotherWiring() throws Exception {
        return wired.another();
    }

    StoreWiring wiring() {
        return wired.wiring();
    }

    Capabilities can() {
        return wired.capabilities();
    }

    <T extends AutoCloseable> T closing(T resource) {
        opened.push(resource);
        return resource;
    }

    /** For the length of the test: a listener that nobody holds is closed when the collector finds it. */
    void hold(Object object) {
        held.add(object);
    }

    // Skips

    /** Skips the test when the store says in its capabilities that it cannot do this. */
    void needs(boolean capability, String saying) {
        if (!capability) {
            throw new TestAbortedException("not offered: " + saying);
        }
    }

    /** Skips the test when the wiring lacks a method of {@link StoreWiring}. */
    <T> T wired(Optional<T> ability, String method) {
        return ability.orElseThrow(() -> new TestAbortedException(
                "the wiring does not offer it: implement StoreWiring." + method + " to run this test"));
    }

    StoreWiring.Proxied proxied() throws Exception {
        StoreWiring.Proxied proxied = wired(wiring().openProxied(), "openProxied()");
        closing(proxied.proxy());
        closing(proxied.store());
        return proxied;
    }

    // Names and values

    /** A scope that nobody else uses. */
    String scope() {
        return wired.namespace() + "/" + randomName() + "/" + scopes++;
    }

    static ListenerRef shared(String scope) {
        return new ListenerRef(scope, ListenerType.SHARED, null);
    }

    static ListenerRef privateTo(String scope, String person) {
        return new ListenerRef(scope, ListenerType.PRIVATE, new Party(person, ""));
    }

    static ListenerRef handler(String scope, String person) {
        return new ListenerRef(scope, ListenerType.HANDLER, new Party(person, ""));
    }

    static Payload payload(String text) {
        return Payload.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    static Payload bytes(int size) {
        byte[] bytes = new byte[size];
        ThreadLocalRandom.current().nextBytes(bytes);
        return Payload.wrap(bytes);
    }

    static String text(@Nullable Payload payload) {
        return payload == null
                ? "(no body)"
                : StandardCharsets.UTF_8.decode(payload.view()).toString();
    }

    static Content say(String text) {
        return say(payload(text));
    }

    static Content say(Payload body) {
        return new Content(SENDER, null, body, true, Map.of(), Map.of());
    }

    static Content say(Address to, String text) {
        return new Content(SENDER, to, payload(text), true, Map.of(), Map.of());
    }

    static Content texts(@Nullable Payload body, Map<Party, Payload> texts) {
        return new Content(SENDER, null, body, false, texts, Map.of());
    }

    Append append(String scope, Content content) {
        return append(UUID.randomUUID(), scope, content);
    }

    Append append(UUID dispatch, String scope, Content content) {
        return new Append(dispatch, scope, content, OptionalLong.empty(), remember());
    }

    static Append onlyIf(long membersVersion, Append append) {
        return new Append(
                append.dispatch(),
                append.scope(),
                append.content(),
                OptionalLong.of(membersVersion),
                append.remember());
    }

    /** A minute, or the most that this store remembers. */
    Duration remember() {
        Duration minute = Duration.ofMinutes(1);
        return can().maxRemember().compareTo(minute) < 0 ? can().maxRemember() : minute;
    }

    // Short forms

    /** A session that outlives the test, of the shared instance; the same for each call. */
    UUID session() {
        UUID present = session;
        if (present == null) {
            present = session(store(), LONG);
            session = present;
        }
        return present;
    }

    /** A new session, ended after the test. */
    UUID session(MailboxStore on, Duration lease) {
        UUID id = UUID.randomUUID();
        on.open(id, lease);
        closing(() -> store().heartbeat(id, Duration.ZERO));
        return id;
    }

    Registration registration(ListenerRef listener, String subscriber) {
        return registration(listener, subscriber, session(), null);
    }

    static Registration registration(
            ListenerRef listener, String subscriber, @Nullable UUID session, @Nullable Duration keep) {
        return new Registration(UUID.randomUUID(), listener, subscriber, session, keep, payload("metadata"), null);
    }

    static Registration withFarewell(Registration r, @Nullable Content farewell) {
        return new Registration(r.id(), r.listener(), r.subscriber(), r.session(), r.keep(), r.metadata(), farewell);
    }

    static Registration withId(Registration r, UUID id) {
        return new Registration(id, r.listener(), r.subscriber(), r.session(), r.keep(), r.metadata(), r.farewell());
    }

    /** Whether this instance answers a heartbeat of the test's session. */
    boolean heartbeats(MailboxStore on) {
        return on.heartbeat(session(), LONG).alive();
    }

    /** Registers subscriber "s" in this session of the test. */
    Registered join(ListenerRef listener) {
        return store().register(registration(listener, "s"));
    }

    /** A new scope with a shared mailbox. */
    String heardScope() {
        String scope = scope();
        join(shared(scope));
        return scope;
    }

    Appended one(MailboxStore on, Append append) {
        List<Appended> answers = on.append(List.of(append));
        assertThat(answers).as("one answer per element of the batch").hasSize(1);
        return answers.get(0);
    }

    /** Appends and expects it to be stored. */
    Appended.Stored put(MailboxStore on, Append append) {
        Appended answer = one(on, append);
        if (answer instanceof Appended.Stored stored) {
            return stored;
        }
        if (answer instanceof Appended.Failed failed) {
            throw new AssertionError("append to " + append.scope() + " failed", failed.cause());
        }
        throw new AssertionError("append to " + append.scope() + " should be stored, but was " + answer);
    }

    long put(String scope, String text) {
        return put(store(), append(scope, say(text))).position();
    }

    long put(MailboxStore on, String scope, String text) {
        return put(on, append(scope, say(text))).position();
    }

    Page page(MailboxStore on, ReadRequest request) {
        return pages(on, List.of(request), PLENTY).get(0);
    }

    /** Reads, and checks on every page what every page keeps (O4, C1, C2, R3). */
    List<Page> pages(MailboxStore on, List<ReadRequest> requests, int maxBytes) {
        List<Page> pages = on.read(requests, maxBytes);
        assertThat(pages).as("one page per request").hasSameSizeAs(requests);
        for (int i = 0; i < pages.size(); i++) {
            Pages.check(requests.get(i), pages.get(i));
        }
        return pages;
    }

    Page page(String scope, long after) {
        return page(store(), new ReadRequest(scope, after, 1_000, false, Set.of(shared(scope))));
    }

    /** Everything after a cursor that this reader may see, page by page. */
    List<Entry> readAll(MailboxStore on, String scope, long after, Set<ListenerRef> readers) {
        List<Entry> all = new ArrayList<>();
        long cursor = after;
        for (int pages = 0; ; pages++) {
            assertThat(pages).as("pages of 500 that lead to the head").isLessThan(1_000);
            Page page = page(on, new ReadRequest(scope, cursor, 500, false, readers));
            all.addAll(page.entries());
            if (page.reset() || page.next() >= page.head()) {
                return all;
            }
            assertThat(page.next())
                    .as("next < head, so the page must have moved on")
                    .isGreaterThan(cursor);
            cursor = page.next();
        }
    }

    List<Entry> readAll(String scope, long after) {
        return readAll(store(), scope, after, Set.of(shared(scope)));
    }

    List<String> heard(MailboxStore on, String scope, long after) {
        return readAll(on, scope, after, Set.of(shared(scope))).stream()
                .map(entry -> text(entry.content().body()))
                .toList();
    }

    List<String> heard(String scope, long after) {
        return heard(store(), scope, after);
    }

    List<StoredSubscriber> subscribers(ListenerRef listener) {
        return store().subscribers(listener, null, 100).list();
    }

    void acknowledge(Registration of, long position) {
        store().acknowledge(List.of(new Acknowledgement(of.listener(), of.subscriber(), of.id(), position)));
    }

    OptionalLong acknowledged(ListenerRef listener, String subscriber) {
        return subscribers(listener).stream()
                .filter(s -> s.id().equals(subscriber))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no subscriber " + subscriber + " of " + listener))
                .acknowledged();
    }

    Watch watch(MailboxStore on, Hints hints) {
        return closing(on.watch(hints));
    }

    /** Runs all at once, each in a thread of its own, and answers in order; the first failure comes out. */
    <T extends @Nullable Object> List<T> together(List<? extends Callable<T>> tasks) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(tasks.size(), task -> {
            Thread thread = new Thread(task, "contract");
            thread.setDaemon(true);
            return thread;
        });
        try {
            CountDownLatch go = new CountDownLatch(1);
            List<Future<T>> futures = new ArrayList<>();
            for (Callable<T> task : tasks) {
                futures.add(threads.submit(() -> {
                    go.await();
                    return task.call();
                }));
            }
            go.countDown();
            long end = System.nanoTime() + longest().toNanos();
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get(Math.max(1, end - System.nanoTime()), TimeUnit.NANOSECONDS));
            }
            return results;
        } catch (ExecutionException e) {
            throw unwrapped(e);
        } catch (TimeoutException e) {
            throw new AssertionError("threads that work at once are not done after " + longest(), e);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Starts one in a thread of its own, interrupted after the test. */
    <T extends @Nullable Object> Future<T> background(Callable<T> task) {
        FutureTask<T> future = new FutureTask<>(task);
        Thread thread = new Thread(future, "contract-background");
        thread.setDaemon(true);
        thread.start();
        closing(() -> future.cancel(true));
        return future;
    }

    /** What a background task brought; its failure comes out. */
    <T extends @Nullable Object> T done(Future<T> task) throws Exception {
        try {
            return task.get(longest().toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw unwrapped(e);
        } catch (TimeoutException e) {
            throw new AssertionError("a thread in the background is not done after " + longest(), e);
        }
    }

    /** Whether a thread in the background should go on; asked each time round, it gives others the time that they need. */
    boolean going(AtomicBoolean flag) {
        rest();
        return flag.get() && !Thread.currentThread().isInterrupted();
    }

    private Duration longest() {
        return wiring().patience().multipliedBy(6).plus(can().callLimit());
    }

    private static Exception unwrapped(ExecutionException e) {
        if (e.getCause() instanceof Error error) {
            throw error;
        }
        return e.getCause() instanceof Exception exception ? exception : e;
    }

    /** Expects that this is refused, by the store or by the value's own constructor, with the limit in the message. */
    static void refused(String what, String limit, ThrowingCallable call) {
        Throwable thrown = catchThrowable(call);
        assertThat(thrown)
                .as("%s must be refused", what)
                .isNotNull()
                .isInstanceOfAny(StoreException.Rejected.class, IllegalArgumentException.class);
        assertThat(plain(thrown.getMessage()))
                .as("%s: the message says the limit", what)
                .contains(limit);
    }

    /** The same for an append, which answers instead of throwing (B4). */
    void refusedAppend(String what, String limit, Callable<Append> append) {
        refused(what, limit, () -> {
            Appended answer = one(store(), append.call());
            assertThat(answer).as("%s", what).isInstanceOf(Appended.Failed.class);
            throw ((Appended.Failed) answer).cause();
        });
    }

    private static String plain(@Nullable String message) {
        return String.valueOf(message).replaceAll("(?<=\\d)[,_ ](?=\\d)", "");
    }

    // Time

    Eventually soon() {
        return Eventually.within(wiring().patience());
    }

    Eventually within(Duration limit) {
        return Eventually.within(limit);
    }

    /** Lets so much of the store's time pass: by the wiring's clock, else in real time. */
    void pass(Duration time) {
        if (wiring().clock().isPresent()) {
            wiring().clock().get().advance(time);
        } else {
            idle(time);
        }
    }

    /** Between two looks that a thread repeats until it is told to stop. */
    void rest() {
        idle(wiring().rest());
    }

    /** Lets so much real time pass, for what goes on by itself: networks, other threads. */
    static void idle(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos();
                left > 0 && !Thread.currentThread().isInterrupted();
                left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** One sweep that ends no session, with this retention. */
    Swept trim(MailboxStore on, Function<String, Retention> retention) {
        return on.sweep(new SweepPolicy(retention, Duration.ofDays(3650), null, 10_000));
    }

    /** Sweeps with only this scope's count limited until something of it is trimmed; answers the page at its beginning. */
    Page trimTo(String scope, long count) throws Exception {
        long before = page(scope, 0).trimmed();
        return soon().until(
                        "sweeps with retention of " + count
                                + " entries trim the scope (S4: nothing dead stays for ever)",
                        () -> {
                            trim(store(), countOf(scope, count));
                            return page(scope, 0);
                        },
                        page -> page.trimmed() > before || page.entries().size() <= count);
    }

    static Function<String, Retention> countOf(String scope, long count) {
        return each -> each.equals(scope) ? new Retention(Duration.ofDays(3650), count) : KEEP_ALL.apply(each);
    }

    /** One sweep as a node does it: after a heartbeat of its own, as of that heartbeat. */
    Swept sweep(MailboxStore on, UUID sweeper, int work) {
        Beat beat = on.heartbeat(sweeper, LONG);
        return on.sweep(new SweepPolicy(KEEP_ALL, Duration.ofDays(3650), beat.at(), work));
    }

    /** Lets time pass and sweeps as a node does, until the condition holds. */
    void sweepUntil(MailboxStore on, String what, Callable<Boolean> condition) throws Exception {
        UUID sweeper = session(on, LONG);
        Duration interval = wiring().lease().dividedBy(5);
        long end = System.nanoTime()
                + wiring().patience().plus(wiring().lease().multipliedBy(3)).toNanos();
        // By a settable clock a step takes no time: then steps are counted.
        int steps = wiring().clock().isPresent() ? 200 : Integer.MAX_VALUE;
        for (int step = 0; ; step++) {
            Swept swept = sweep(on, sweeper, 1_000);
            if (condition.call()) {
                return;
            }
            if (System.nanoTime() > end || step > steps) {
                throw new AssertionError(
                        "sweeping with heartbeats for 3 leases and " + wiring().patience() + " did not bring: " + what);
            }
            if (!swept.more()) {
                pass(interval);
            }
        }
    }

    /** Closes what the test opened, the last first, all of it whatever happens. */
    @Override
    public void close() {
        held.clear();
        List<Exception> failures = new ArrayList<>();
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                failures.add(e);
            }
        }
        if (!failures.isEmpty()) {
            AssertionError error =
                    new AssertionError("closing what the test opened failed: " + failures.get(0), failures.get(0));
            failures.stream().skip(1).forEach(error::addSuppressed);
            throw error;
        }
    }
}
