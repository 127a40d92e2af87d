package dev.moitessier.store.datastore;

import com.google.cloud.datastore.DatastoreException;
import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.FullEntity;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.Transaction;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.StoreException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Appending, as a transaction for each scope:
 *
 * <ol>
 *   <li>It reads the scope's entity, whose head is the one serialisation point (O1): who gives n + 1 has read n, so n was committed
 *       before, and a reader that sees n + 1 sees n (O2). A try that is aborted consumes no position, so there are no holes.
 *   <li>It writes that entity, an entry for each element and its dispatch id. The id is <em>inserted</em>, which fails if it is
 *       there: only then, or after a commit whose answer was lost, are ids looked up. The usual append reads one entity.
 *   <li>What may have been committed is tried again with the ids looked up; they carry a mark of the try, so that our own
 *       append is told from another with the same id (I1).
 * </ol>
 */
final class Appends {
    /** Entities of one commit; Datastore's own limit was 500 for long. */
    private static final int MOST_ENTITIES = 500;
    /** Of 10 MiB that a commit may have; an element alone may have {@link DatastoreStore#MAX_APPEND}. */
    private static final long MOST_BYTES = 8 << 20;

    private final Calls calls;
    private final Keys keys;
    private final Log log;
    private final Clocks clocks;
    private final Capabilities capabilities;
    private final Consumer<String> readable;
    private final Lanes lanes;

    Appends(Calls calls, Keys keys, Log log, Clocks clocks, Capabilities capabilities, Consumer<String> readable) {
        this.calls = calls;
        this.keys = keys;
        this.log = log;
        this.clocks = clocks;
        this.capabilities = capabilities;
        this.readable = readable;
        lanes = new Lanes(calls, this::write);
    }

    Lanes lanes() {
        return lanes;
    }

    /** An element of a batch in its scope's lane. */
    static final class Element implements Lanes.Job {
        final Append append;
        final int index;
        final Ticket ticket;
        final Log.Draft draft;
        /** Tells this append from others with the same id. */
        final UUID mark = UUID.randomUUID();

        volatile @Nullable Appended answer;

        Element(Append append, int index, Ticket ticket) {
            this.append = append;
            this.index = index;
            this.ticket = ticket;
            draft = new Log.Draft(append.dispatch(), append.content());
        }
    }

    /** The elements that one batch has for one scope, and who waits for them. */
    static final class Ticket {
        final Call call;
        final List<Element> elements = new ArrayList<>();
        final CompletableFuture<Ticket> done = new CompletableFuture<>();
        /** Why what follows must not be written (B3). */
        @Nullable
        StoreException failed;

        Ticket(Call call) {
            this.call = call;
        }

        private void answer(Element element, Appended answer) {
            element.answer = answer;
            if (element == elements.get(elements.size() - 1)) {
                done.complete(this);
            }
        }
    }

    /** How much one commit takes. */
    static final class Size {
        /** The scope's own. */
        private int entities = 1;

        private long bytes;

        boolean takes(Element element) {
            entities += element.draft.entities() + 1;
            bytes += element.draft.content.length;
            boolean first = entities == element.draft.entities() + 2;
            return first || (entities <= MOST_ENTITIES && bytes <= MOST_BYTES);
        }
    }

    /** Answers in order; throws only {@code Closed} and {@code Misconfigured} (B4). */
    List<Appended> append(List<Append> batch) {
        @Nullable Appended[] answers = new Appended[batch.size()];
        long deadline = calls.deadline();
        Map<String, Ticket> tickets = new LinkedHashMap<>();
        for (int i = 0; i < answers.length; i++) {
            Append append = batch.get(i);
            try {
                capabilities.check(append);
                Ticket ticket =
                        tickets.computeIfAbsent(append.scope(), scope -> new Ticket(new Call("append", deadline)));
                ticket.elements.add(new Element(append, i, ticket));
            } catch (StoreException.Rejected refused) {
                answers[i] = new Appended.Failed(refused);
            }
        }
        try {
            calls.ensureMayStart();
        } catch (StoreException.Interrupted interrupted) {
            tickets.values().forEach(ticket -> fail(ticket, interrupted, answers));
            return List.copyOf(Arrays.asList(answers));
        }
        tickets.forEach((scope, ticket) -> lanes.add(scope, ticket.elements));
        for (Ticket ticket : tickets.values()) {
            try {
                calls.await(ticket.done, ticket.call);
                ticket.elements.forEach(element -> answers[element.index] = element.answer);
            } catch (StoreException.Closed | StoreException.Misconfigured failure) {
                tickets.values().forEach(other -> other.call.end(unknown -> failure));
                throw failure;
            } catch (StoreException failure) {
                fail(ticket, failure, answers);
            }
        }
        for (Appended answer : answers) {
            if (answer instanceof Appended.Failed failed && failed.cause() instanceof StoreException.Misconfigured) {
                throw failed.cause();
            }
        }
        return List.copyOf(Arrays.asList(answers));
    }

    /** What has an answer keeps it. */
    private static void fail(Ticket ticket, StoreException failure, @Nullable Appended[] answers) {
        for (Element element : ticket.elements) {
            Appended answer = element.answer;
            answers[element.index] = answer != null ? answer : new Appended.Failed(failure);
        }
    }

    // In the lane

    private void write(List<Element> elements) {
        List<Element> going = new ArrayList<>(elements.size());
        for (Element element : elements) {
            try {
                element.ticket.call.proceed();
                if (element.ticket.failed == null) {
                    going.add(element);
                    continue;
                }
                element.ticket.answer(element, new Appended.Failed(notTried(element.ticket.failed)));
            } catch (StoreException ended) {
                element.ticket.answer(element, new Appended.Failed(ended));
            }
        }
        if (!going.isEmpty()) {
            together(going);
        }
    }

    /** Writes them in one transaction; if Datastore refuses it as it is, each in its own, in order. */
    private void together(List<Element> elements) {
        String scope = elements.get(0).append.scope();
        Call call = new Call("append", deadline(elements));
        try {
            Round round = attempt(call, elements);
            for (int i = 0; i < elements.size(); i++) {
                elements.get(i).ticket.answer(elements.get(i), round.answers.get(i));
            }
            if (round.written) {
                readable.accept(scope);
            }
        } catch (DatastoreException failure) {
            boolean refused = Failures.of(failure) == Failures.REFUSED;
            if (refused && elements.size() > 1) {
                elements.forEach(element -> write(List.of(element)));
            } else if (refused) {
                fail(elements, new StoreException.Rejected("Datastore refused it: " + failure.getMessage()));
            } else {
                fail(elements, Failures.thrown(failure, call.doing, call.unknown()));
            }
        } catch (StoreException failure) {
            fail(elements, failure);
        } catch (Left left) {
            write(elements);
        } catch (RuntimeException broken) {
            fail(elements, new StoreException.Unavailable("could not append: " + broken, broken, call.unknown()));
        }
    }

    private static void fail(List<Element> elements, StoreException failure) {
        for (Element element : elements) {
            if (failure.retryable() && element.ticket.failed == null) {
                element.ticket.failed = failure;
            }
            element.ticket.answer(element, new Appended.Failed(failure));
        }
    }

    private static StoreException notTried(StoreException cause) {
        return new StoreException.Unavailable(
                "not tried, since an earlier append of this scope in the batch failed: " + cause.getMessage(),
                cause,
                false);
    }

    private static long deadline(List<Element> elements) {
        long latest = elements.get(0).ticket.call.deadline;
        for (Element element : elements) {
            long deadline = element.ticket.call.deadline;
            latest = deadline - latest > 0 ? deadline : latest;
        }
        return latest;
    }

    /** What one transaction brought. */
    private static final class Round {
        final List<Appended> answers = new ArrayList<>();
        boolean written;
    }

    private Round attempt(Call call, List<Element> elements) {
        boolean[] lookUp = {false};
        while (true) {
            try {
                return calls.transacting(call, transaction -> {
                    Round round = round(transaction, elements, lookUp[0] || call.unknown());
                    sends(elements);
                    return round;
                });
            } catch (DatastoreException failure) {
                if (Failures.of(failure) != Failures.EXISTS || lookUp[0]) {
                    throw failure;
                }
                lookUp[0] = true;
            } finally {
                if (!call.unknown()) {
                    elements.forEach(element -> element.ticket.call.settled());
                }
            }
        }
    }

    /** Throws if somebody does not wait any more: he was told that nothing was written. */
    private static void sends(List<Element> elements) {
        for (Element element : elements) {
            if (!element.ticket.call.sends()) {
                throw new Left();
            }
        }
    }

    private static final class Left extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Left() {
            super("a caller has left", null, false, false);
        }
    }

    private Round round(Transaction transaction, List<Element> elements, boolean lookUp) {
        String scope = elements.get(0).append.scope();
        List<Key> wanted = new ArrayList<>();
        wanted.add(keys.scope(scope));
        if (lookUp) {
            elements.forEach(element -> wanted.add(keys.dedup(scope, element.append.dispatch())));
        }
        List<Entity> found = transaction.fetch(wanted.toArray(Key[]::new));
        Round round = new Round();
        ScopeState state = ScopeState.of(found.get(0));
        if (state == null || state.mailboxes() == 0) {
            elements.forEach(element -> round.answers.add(new Appended.Unheard()));
            return round;
        }
        long now = clocks.micros();
        ScopeState next = state;
        Map<UUID, Long> given = new HashMap<>();
        for (int i = 0; i < elements.size(); i++) {
            Append append = elements.get(i).append;
            Remembered before = lookUp ? Remembered.of(found.get(i + 1)) : null;
            Long first = given.get(append.dispatch());
            if (first != null) {
                round.answers.add(new Appended.Stored(first, state.version(), true));
            } else if (before != null && before.mark.equals(elements.get(i).mark)) {
                round.answers.add(new Appended.Stored(before.position, state.version(), false));
            } else if (before != null && before.expires > now) {
                round.answers.add(new Appended.Stored(before.position, state.version(), true));
            } else if (append.ifMembers().isPresent() && append.ifMembers().getAsLong() != state.version()) {
                round.answers.add(new Appended.Stale(state.version()));
            } else {
                next = next.appended(1, now);
                log.put(transaction, scope, next.head(), next.at(), elements.get(i).draft);
                remember(transaction, elements.get(i), next.head(), now, before != null);
                given.put(append.dispatch(), next.head());
                round.answers.add(new Appended.Stored(next.head(), state.version(), false));
            }
        }
        if (next.head() > state.head()) {
            transaction.put(next.entity(wanted.get(0)));
            round.written = true;
        }
        return round;
    }

    private void remember(Transaction transaction, Element element, long position, long now, boolean replaces) {
        Append append = element.append;
        FullEntity<Key> entity = FullEntity.newBuilder(keys.dedup(append.scope(), append.dispatch()))
                .set("position", Values.of(position))
                .set("mark", Values.of(element.mark.toString()))
                .set("expires", Values.time(now + Log.micros(append.remember())))
                .build();
        if (replaces) {
            transaction.put(entity);
        } else {
            transaction.add(entity);
        }
    }

    /** A dispatch id as it is kept; its own time says whether it still counts, since nobody removes it at once. */
    private record Remembered(long position, UUID mark, long expires) {
        static @Nullable Remembered of(@Nullable Entity entity) {
            return entity == null
                    ? null
                    : new Remembered(
                            entity.getLong("position"),
                            UUID.fromString(entity.getString("mark")),
                            Values.micros(entity, "expires"));
        }
    }

    /** Writes a farewell in a transaction that writes the scope's entity; answers what that is to say then. */
    ScopeState farewell(Transaction transaction, String scope, ScopeState state, Log.Draft farewell) {
        ScopeState next = state.appended(1, clocks.micros());
        log.put(transaction, scope, next.head(), next.at(), farewell);
        return next;
    }
}
