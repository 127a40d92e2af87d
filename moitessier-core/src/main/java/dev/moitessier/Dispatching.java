package dev.moitessier;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Appender;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Content;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The steps of a dispatch:
 *
 * <ol>
 *   <li>check what depends on the store: size of the body, headers;
 *   <li>a blank body without a handler: nothing to say, nothing written;
 *   <li>take the id that was set, or a random one for this call;
 *   <li>resolve the scopes;
 *   <li>with a handler, per scope: recipients from the cache, one function call each, then an append on condition that the
 *       recipients are still those (M2); else one append per scope;
 *   <li>the {@link Combiner} brings the appends to the store and tries again under the same id;
 *   <li>the answers of all scopes become one {@link Dispatched}, or the first failure with the others suppressed.
 * </ol>
 */
final class Dispatching {
    static final String CLOSED = "this Moitessier is closed";

    /** I1: how long an id that a caller set is remembered. */
    static final Duration REMEMBER_CALLERS = Duration.ofMinutes(10);

    private static final int CONDITIONAL_TRIES = 5;
    private static final int SCOPES_PER_PAGE = 1_000;
    private static final int READ_BYTES = 1 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(Dispatching.class);

    private final MailboxStore store;
    private final Capabilities limits;
    private final Node node;
    private final Supplier<Map<String, String>> headers;
    private final Observer observer;
    private final boolean observed;
    private final Duration remember;
    private final Duration rememberCallers;
    private final MembersCache cache = new MembersCache();
    private final Combiner combiner;
    private final InFlight inFlight;
    private volatile boolean open = true;

    @SuppressWarnings("ReferenceEquality") // the one that stands for none
    Dispatching(Node node) {
        Node.Settings settings = node.settings();
        this.node = node;
        this.store = node.store();
        this.limits = node.capabilities();
        this.headers = settings.headers();
        this.observer = node.observer();
        this.observed = observer != Observers.none();
        this.remember = rememberOwn(limits, settings.callTimeout());
        this.rememberCallers = atMost(limits.maxRemember(), REMEMBER_CALLERS);
        this.combiner = new Combiner(store, limits, settings.callTimeout(), node.executor(), this::retried);
        this.inFlight = new InFlight(settings.inFlight(), settings.overflow(), settings.callTimeout());
    }

    /** Longer than the last try of a call can end after its first; in this process's memory nothing is tried for long. */
    private static Duration rememberOwn(Capabilities limits, Duration callTimeout) {
        Duration callLimit = limits.callLimit();
        Duration most = limits.maxRemember();
        boolean longer = callTimeout.compareTo(callLimit) > 0 && !Combiner.inProcess(limits);
        return atMost(most, atMost(most, longer ? callTimeout : callLimit).plus(callLimit));
    }

    private static Duration atMost(Duration most, Duration wanted) {
        return wanted.compareTo(most) <= 0 ? wanted : most;
    }

    Dispatched dispatch(Dispatch dispatch) {
        ensureOpen();
        Dispatch said = checked(dispatch);
        UUID id = idOf(said);
        if (saysNothing(said)) {
            return new Dispatched(id, List.of());
        }
        long started = observed ? System.nanoTime() : 0;
        DispatchEvent event = DispatchEvent.begun();
        List<String> scopes = scopes(said);
        if (scopes.size() == 1 && said.handler() == null && !observed && event == null) {
            return toOne(said, id, scopes.get(0));
        }
        Outcomes outcomes = new Outcomes(id, scopes.size());
        if (said.handler() != null) {
            for (String scope : scopes) {
                outcomes.add(scope, withHandler(said, id, scope, combiner::append));
            }
        } else {
            List<Appended> answers = combiner.append(appends(said, id, scopes));
            for (int i = 0; i < scopes.size(); i++) {
                outcomes.add(scopes.get(i), answers.get(i), List.of(), List.of());
            }
        }
        ended(said, outcomes, event, started);
        return outcomes.dispatched();
    }

    /** The usual case, without what only the others need. */
    private Dispatched toOne(Dispatch said, UUID id, String scope) {
        Appended answer = combiner.append(append(said, id, scope));
        Dispatched.Entry entry = Outcomes.entry(scope, answer, List.of(), List.of());
        if (entry != null) {
            return new Dispatched(id, List.of(entry));
        }
        Outcomes outcomes = new Outcomes(id, 1);
        outcomes.add(scope, answer, List.of(), List.of());
        return outcomes.dispatched();
    }

    CompletionStage<Dispatched> dispatchAsync(Dispatch dispatch) {
        ensureOpen();
        Dispatch said = checked(dispatch);
        UUID id = idOf(said);
        if (saysNothing(said)) {
            return CompletableFuture.completedFuture(new Dispatched(id, List.of()));
        }
        InFlight.Era era;
        try {
            era = inFlight.enter();
        } catch (StoreException noRoom) {
            return CompletableFuture.failedFuture(noRoom);
        }
        CompletableFuture<Dispatched> result = new CompletableFuture<>();
        if (said.target() instanceof Dispatch.Target.Scopes to) {
            submit(said, id, to.names(), era, result);
        } else {
            onExecutor(() -> resolveAndSubmit(said, id, era, result));
        }
        return result;
    }

    private void resolveAndSubmit(Dispatch said, UUID id, InFlight.Era era, CompletableFuture<Dispatched> result) {
        try {
            submit(said, id, scopes(said), era, result);
        } catch (RuntimeException failed) {
            result.completeExceptionally(failed);
            inFlight.leave(era);
        }
    }

    private void submit(
            Dispatch said, UUID id, List<String> scopes, InFlight.Era era, CompletableFuture<Dispatched> result) {
        if (scopes.isEmpty()) {
            result.complete(new Dispatched(id, List.of()));
            inFlight.leave(era);
            return;
        }
        Later call = new Later(said, id, scopes, era, result);
        try {
            if (said.handler() != null) {
                combiner.submit(call, scopes, (scope, appender) -> withHandler(said, id, scope, appender));
            } else {
                combiner.submit(call, appends(said, id, scopes));
            }
        } catch (IllegalStateException closed) {
            inFlight.leave(era);
            throw closed;
        }
    }

    /** A dispatch whose caller did not wait. */
    private final class Later extends Combiner.Call {
        private final Dispatch said;
        private final UUID id;
        private final List<String> scopes;
        private final InFlight.Era era;
        private final CompletableFuture<Dispatched> result;
        private final long started = observed ? System.nanoTime() : 0;
        private final @Nullable DispatchEvent event = DispatchEvent.begun();

        Later(Dispatch said, UUID id, List<String> scopes, InFlight.Era era, CompletableFuture<Dispatched> result) {
            super(scopes.size());
            this.said = said;
            this.id = id;
            this.scopes = scopes;
            this.era = era;
            this.result = result;
        }

        /** Runs the continuations that are attached by now, so that a flush returns after them. */
        @Override
        void ended() {
            try {
                Outcomes outcomes = new Outcomes(id, scopes.size());
                for (int i = 0; i < scopes.size(); i++) {
                    outcomes.add(scopes.get(i), Objects.requireNonNull(answers[i]));
                }
                Dispatching.this.ended(said, outcomes, event, started);
                result.complete(outcomes.dispatched());
            } catch (RuntimeException failed) {
                result.completeExceptionally(failed);
            } finally {
                inFlight.leave(era);
            }
        }

        @Override
        boolean onExecutor() {
            return true;
        }
    }

    void flush() throws InterruptedException {
        inFlight.flush();
    }

    /** Appends that wait for others of their scope. */
    int waiting() {
        return combiner.waiting();
    }

    Dispatcher within(Appender transaction) {
        ensureOpen();
        return new EnlistedDispatcher(this, Objects.requireNonNull(transaction, "transaction"));
    }

    /** T1 to T4: one call, no combining, no second try, no condition; a failure is the transaction's. */
    Dispatched enlist(Dispatch dispatch, Appender transaction) {
        ensureOpen();
        Dispatch said = checked(dispatch);
        UUID id = idOf(said);
        if (!(said.target() instanceof Dispatch.Target.Scopes to)) {
            throw new IllegalArgumentException(
                    "a dispatch inside a transaction names its scopes, since listing them would"
                            + " need a second connection: resolve the prefix before the transaction, with scopes(prefix)");
        }
        if (saysNothing(said)) {
            return new Dispatched(id, List.of());
        }
        Outcomes outcomes = new Outcomes(id, to.names().size());
        List<HandlerTexts> made = new ArrayList<>();
        List<Append> appends = new ArrayList<>(to.names().size());
        for (String scope : to.names()) {
            Handler handler = said.handler();
            if (handler == null) {
                appends.add(append(said, id, scope));
            } else {
                HandlerTexts texts = new HandlerTexts(said, handler, limits);
                texts.askFor(MembersCache.handlers(transaction.members(scope, null)));
                made.add(texts);
                appends.add(append(said, id, scope, texts.content(scope), OptionalLong.empty()));
            }
        }
        for (int from = 0; from < appends.size(); from += limits.maxBatch()) {
            List<Append> batch = appends.subList(from, Math.min(from + limits.maxBatch(), appends.size()));
            List<Appended> answers = transaction.append(batch);
            for (int i = 0; i < batch.size(); i++) {
                HandlerTexts texts = made.isEmpty() ? null : made.get(from + i);
                outcomes.add(
                        batch.get(i).scope(),
                        answers.get(i),
                        texts == null ? List.of() : texts.results(),
                        texts == null ? List.of() : texts.failures());
            }
        }
        tell(outcomes, 0);
        return outcomes.dispatched();
    }

    /** Whom it reached, from the entries as stored and the mailboxes of now (A2, A3). */
    List<Recipient> recipients(Dispatched dispatched) {
        ensureOpen();
        List<Recipient> recipients = new ArrayList<>();
        for (Dispatched.Entry entry : dispatched.entries()) {
            if (entry.position().isPresent()) {
                addRecipients(entry.scope(), entry.position().getAsLong(), recipients);
            }
        }
        return List.copyOf(recipients);
    }

    private void addRecipients(String scope, long position, List<Recipient> recipients) {
        Map<ListenerRef, Long> starts =
                retrying(() -> store.members(scope, null)).starts();
        ReadRequest request = new ReadRequest(scope, position - 1, 1, false, starts.keySet());
        Page page = retrying(() -> store.read(List.of(request), READ_BYTES)).get(0);
        page.entries().stream().filter(entry -> entry.position() == position).forEach(entry -> {
            for (Map.Entry<ListenerRef, Long> mailbox : starts.entrySet()) {
                if (mailbox.getValue() < position && Visibility.of(mailbox.getKey(), entry.content()) != null) {
                    recipients.add(Recipient.of(mailbox.getKey()));
                }
            }
        });
    }

    /** What a {@link Conditions#farewell} is to the store: a dispatch to the scope that its subscriber leaves. */
    static Content farewell(Dispatch farewell, Capabilities limits) {
        if (farewell.isAddressed()) {
            throw new IllegalArgumentException(
                    "a farewell goes to the scope that its subscriber leaves: it names none");
        }
        if (farewell.handler() != null || farewell.ownId() != null) {
            throw new IllegalArgumentException("the store appends a farewell: it has no handler, and no id of its own");
        }
        if (farewell.body() == null) {
            throw new IllegalArgumentException("a farewell must say something: its text is blank");
        }
        checkBody(farewell, limits);
        return farewell.content();
    }

    /** Drains what was accepted, at most for the call timeout; afterwards every call is an {@link IllegalStateException}. */
    void close() {
        open = false;
        long deadline = System.nanoTime() + Durations.nanos(node.settings().callTimeout());
        inFlight.awaitNone(deadline);
        combiner.close(deadline);
    }

    // ------------------------------------------------------------ steps

    private void ensureOpen() {
        if (!open) {
            throw new IllegalStateException(CLOSED);
        }
    }

    private Dispatch checked(Dispatch dispatch) {
        if (!dispatch.isAddressed()) {
            throw new IllegalArgumentException("a dispatch needs a scope: to(…) or toScopesUnder(…)");
        }
        checkBody(dispatch, limits);
        Map<String, String> ambient = headers.get();
        return ambient.isEmpty() ? dispatch : dispatch.withHeadersBelow(ambient);
    }

    private static void checkBody(Dispatch dispatch, Capabilities limits) {
        Payload body = dispatch.body();
        if (body != null && body.size() > limits.maxBody()) {
            throw new IllegalArgumentException("the body has " + body.size() + " bytes; the store " + limits.store()
                    + " takes at most " + limits.maxBody());
        }
    }

    private static boolean saysNothing(Dispatch dispatch) {
        return dispatch.body() == null && dispatch.handler() == null;
    }

    private static UUID idOf(Dispatch dispatch) {
        UUID own = dispatch.ownId();
        return own != null ? own : Ids.random();
    }

    private List<String> scopes(Dispatch dispatch) {
        if (dispatch.target() instanceof Dispatch.Target.Scopes to) {
            return to.names();
        }
        Dispatch.Target.Under under = (Dispatch.Target.Under) dispatch.target();
        List<String> matching = new ArrayList<>();
        String last = null;
        while (true) {
            String after = last;
            List<String> page = retrying(() -> store.scopes(under.prefix(), after, SCOPES_PER_PAGE));
            if (page.isEmpty()) {
                return matching;
            }
            for (String scope : page) {
                if (under.matching().test(scope)) {
                    matching.add(scope);
                }
            }
            last = page.get(page.size() - 1);
        }
    }

    private Append append(Dispatch dispatch, UUID id, String scope) {
        return append(dispatch, id, scope, dispatch.content(), OptionalLong.empty());
    }

    private Append append(Dispatch dispatch, UUID id, String scope, Content content, OptionalLong ifMembers) {
        return new Append(id, scope, content, ifMembers, dispatch.ownId() == null ? remember : rememberCallers);
    }

    private List<Append> appends(Dispatch dispatch, UUID id, List<String> scopes) {
        List<Append> appends = new ArrayList<>(scopes.size());
        for (String scope : scopes) {
            appends.add(append(dispatch, id, scope));
        }
        return appends;
    }

    /** One scope's part of a dispatch with a handler; what goes wrong is in the answer. */
    private Combiner.Answer withHandler(Dispatch dispatch, UUID id, String scope, Function<Append, Appended> appender) {
        try {
            HandlerTexts texts = new HandlerTexts(dispatch, Objects.requireNonNull(dispatch.handler()), limits);
            MembersCache.Handlers cached = cache.get(scope);
            MembersCache.Handlers members = cached != null ? cached : readMembers(scope);
            for (int conditional = 1; ; conditional++) {
                texts.askFor(members);
                boolean onCondition = conditional <= CONDITIONAL_TRIES;
                Appended answer = appender.apply(append(
                        dispatch,
                        id,
                        scope,
                        texts.content(scope),
                        onCondition ? OptionalLong.of(members.version()) : OptionalLong.empty()));
                if (!(answer instanceof Appended.Stale) || !onCondition) {
                    return new Combiner.Answer(answer, texts.results(), texts.failures(), null);
                }
                members = readMembers(scope);
            }
        } catch (RuntimeException failed) {
            return Combiner.Answer.broken(failed);
        }
    }

    private MembersCache.Handlers readMembers(String scope) {
        return retrying(() -> cache.read(scope, store));
    }

    /** Reads again what may pass, until the call timeout. */
    private <T> T retrying(Supplier<T> read) {
        long deadline = System.nanoTime() + Durations.nanos(node.settings().callTimeout());
        long rest = TimeUnit.MILLISECONDS.toNanos(10);
        while (true) {
            try {
                return read.get();
            } catch (StoreException failed) {
                if (!failed.retryable()
                        || Thread.currentThread().isInterrupted()
                        || System.nanoTime() - deadline >= 0) {
                    throw failed;
                }
            }
            LockSupport.parkNanos(this, rest / 2 + ThreadLocalRandom.current().nextLong(rest / 2));
            rest = Math.min(rest * 2, TimeUnit.MILLISECONDS.toNanos(500));
        }
    }

    private void onExecutor(Runnable work) {
        try {
            node.executor().execute(work);
        } catch (RejectedExecutionException shutDown) {
            work.run();
        }
    }

    // ------------------------------------------------------------ telling

    private void ended(Dispatch dispatch, Outcomes outcomes, @Nullable DispatchEvent event, long started) {
        if (event != null && event.shouldCommit()) {
            event.scopes = outcomes.entries().size() + outcomes.failed().size();
            event.scope = outcomes.firstScope();
            event.dispatch = outcomes.id().toString();
            event.body = dispatch.body() == null ? 0 : dispatch.body().size();
            event.failed = !outcomes.failed().isEmpty();
            event.commit();
        }
        if (observed) {
            tell(outcomes, System.nanoTime() - started);
        }
    }

    private void tell(Outcomes outcomes, long nanos) {
        try {
            Duration took = Duration.ofNanos(nanos);
            for (Dispatched.Entry entry : outcomes.entries()) {
                observer.dispatched(entry.scope(), entry.outcome(), took);
            }
            for (Outcomes.Failed failed : outcomes.failed()) {
                observer.dispatchFailed(failed.scope(), failed.cause());
            }
        } catch (RuntimeException broken) {
            LOG.warn("an observer threw", broken);
        }
    }

    private void retried(String scope, StoreException cause) {
        try {
            observer.retried(scope, cause);
        } catch (RuntimeException broken) {
            LOG.warn("an observer threw", broken);
        }
    }
}
