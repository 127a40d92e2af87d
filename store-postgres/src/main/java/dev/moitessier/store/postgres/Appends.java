package dev.moitessier.store.postgres;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Content;
import dev.moitessier.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Appending a batch, in one statement that is its own transaction: one round trip and one commit, however many scopes and elements.
 *
 * <ol>
 *   <li>A single append without anything rare has a lighter statement, and takes along the hint for other processes if one is due.
 *       After a few of them to one scope, the next ones do without the scope's row ({@link Solo}). What is not written so, the general
 *       way answers.
 *   <li>The general statement locks the scope rows that nobody else holds, gives positions, and writes entries, texts and dispatch ids as
 *       arrays. What it reads of a scope comes with the row's lock, so it is the row's newest version and not the snapshot's.
 *   <li>A scope that is locked, or has enlisted dispatches waiting, or an id that is remembered already, is left to a transaction
 *       of its own, which waits for the lock, promotes what is pending and looks for duplicates. That is rare: ids are random and
 *       core has one append of a scope under way. The first that comes around midnight goes there as well ({@link Remembered}).
 * </ol>
 */
final class Appends {
    /**
     * One element without what is rare, to a scope that somebody hears; no row: not written, and another statement finds out why. If
     * somebody holds the scope ({@code xmax} tells), it waits as long as other appends take, and not as long as a process that was
     * stopped. It touches as little as it can: after the pause of a commit the server's caches are cold, and each piece of code and
     * data then costs several times what it does under load.
     */
    private static final String SINGLE = """
            with s as (
              update {scope} c set head = greatest(c.head, c.floor, ?, {now}) + 1, solo = ? and c.head = ?
              where c.name = ? and c.mailboxes > 0 and (not c.solo or c.head = ?)
                and not exists (select from {pending} p where p.scope = c.name) and %s
                and (c.xmax = 0 or set_config('lock_timeout', '250', true) is not null)
              returning scope_id, head, members_version, solo),
            w as (
              insert into {message} (scope_id, position, dispatch, remember, text_bytes, to_handlers, person, client, body)
              select scope_id, head, ?::uuid, ?, 0, ?, ?, ?, ? from s)
            select head, members_version, scope_id, solo from s
            """.formatted(Remembered.amidTheDay("greatest(c.head, {now})"));

    /**
     * The same for the scope's next position, while this process has announced that it takes them one by one: the log's key sees to it
     * that nobody else has, and says so if somebody has put a fence there.
     */
    private static final String BESIDE = """
            insert into {message} (scope_id, position, written, dispatch, remember, text_bytes, to_handlers, person, client, body)
            select ?::bigint, ?::bigint, clock_timestamp(), ?::uuid, ?::integer, 0, ?::boolean, ?, ?, ?::bytea
            where clock_timestamp() < to_timestamp(?) and not exists (select from {pending} p where p.scope = ?)
            """;

    /**
     * A position is the time in microseconds, or one more than the last. {@code (select ?)} hides the arrays' lengths from the
     * planner: a plan for the very lengths at hand would never cost less than planning it each time.
     */
    private static final String HEAD = """
            with s as materialized (
              select g.no, g.count, g.noted, c.*,
                     c.mailboxes > 0 and (not (c.pending or c.solo) or g.eager) and (not c.turn or g.noted)
                       and (g.if_members is null or g.if_members = c.members_version) as written
              from (select u.*, ?::boolean as eager, ?::boolean as noted
                    from unnest((select ?::text[]), ?::bigint[], ?::integer[]) with ordinality u(name, if_members, count, no)) g
              cross join lateral (
                select l.*, not (%s) as turn
                from (
                  select c.scope_id, c.members_version, c.mailboxes, c.solo,
                         greatest(c.head, c.floor, {now}) as base,
                         exists (select from {pending} p where p.scope = c.name) as pending
                  from {scope} c where c.name = g.name for no key update of c skip locked) l) c),
            """.formatted(Remembered.amidTheDay("l.base"));

    /** That counts and bases are positive is known; said, it makes the planner expect few rows and go by the key. */
    private static final String IDS_AND_HEADS = """
            d as (
              insert into {dispatch} (scope_id, dispatch, position, expires)
              select scope_id, dispatch, position, clock_timestamp() + remember * interval '1 millisecond'
              from n where %s or (noted and remember > 0)),
            h as (
              update {scope} c set head = s.base + s.count from s
              where c.scope_id = s.scope_id and s.written and s.count > 0 and s.base > 0),
            """.formatted(Remembered.isLong("remember"));

    private static final String PLAIN = HEAD + """
            n as materialized (
              select s.scope_id, s.noted, s.base + e.rank as position, e.*
              from unnest((select ?::integer[]), ?::integer[], ?::uuid[], ?::integer[], ?::text[], ?::text[], ?::boolean[], ?::bytea[])
                as e(no, rank, dispatch, remember, person, client, to_handlers, body)
              join s on s.no = e.no and s.written),
            """ + IDS_AND_HEADS + """
            w as (
              insert into {message} (scope_id, position, dispatch, remember, text_bytes, to_handlers, person, client, body)
              select scope_id, position, dispatch, nullif(remember, 0), 0, to_handlers, person, client, body from n)
            select no, base, members_version, mailboxes, pending or solo, turn, written from s
            """;

    private static final String FULL = HEAD + """
            n as materialized (
              select s.scope_id, s.noted, s.base + e.rank as position, e.*
              from unnest((select ?::integer[]), ?::integer[], ?::uuid[], ?::integer[], ?::text[], ?::text[], ?::boolean[], ?::bytea[],
                          ?::text[], ?::text[], ?::text[], ?::integer[]) with ordinality
                as e(no, rank, dispatch, remember, person, client, to_handlers, body,
                     to_person, to_client, headers, text_bytes, element)
              join s on s.no = e.no and s.written),
            """ + IDS_AND_HEADS + """
            w as (
              insert into {message} (scope_id, position, dispatch, remember, text_bytes, to_handlers, person, client, to_person,
                                     to_client, headers, body)
              select scope_id, position, dispatch, nullif(remember, 0), text_bytes, to_handlers, person, client, to_person, to_client,
                     headers::jsonb, body from n),
            t as (
              insert into {override} (scope_id, position, person, client, body)
              select n.scope_id, n.position, x.person, x.client, x.body
              from unnest((select ?::integer[]), ?::text[], ?::text[], ?::bytea[]) as x(element, person, client, body)
              join n on n.element = x.element)
            select no, base, members_version, mailboxes, pending or solo, turn, written from s
            """;

    /** So long after two appends were under way at once, or one of several elements, none is announced: they share commits instead. */
    private static final long BUSY = TimeUnit.SECONDS.toNanos(1);
    /** Statements above this many bytes are split: an array parameter ends at 1 GB, and memory much earlier. */
    private static final long MAX_BYTES = 16 << 20;
    /** How long all ids are noted after a first had to be, around midnight. */
    private static final long TURN = 3 * Remembered.WITH_ENTRY.toNanos();
    /** How long one locked scope may keep the caller, who has the rest of the batch written by then (B2). */
    private static final Duration LOCK_LIMIT = Duration.ofSeconds(2);

    private final Database database;
    private final Capabilities capabilities;
    private final Pending pending;
    private final Fences fences;
    private final Hints hints;
    private final boolean keepsConnections;
    private final Solos solos = new Solos();
    private final AtomicInteger underWay = new AtomicInteger();
    private volatile long busyUntil = System.nanoTime();
    private final String single;
    private final String singleAndTell;
    private final String beside;
    private final String besideAndTell;
    private final String plain;
    private final String full;
    private final String lock;
    private final String remembered;
    private final String recalled;
    /** Until then ids are noted, whatever the time of day is: so long did it last when it was last seen. */
    private volatile long turnUntil = System.nanoTime();

    /** @param keepsConnections a connection leads to one session of the server; with a pooler between it may not */
    Appends(
            Database database,
            Naming naming,
            Capabilities capabilities,
            Pending pending,
            Fences fences,
            Hints hints,
            boolean keepsConnections) {
        this.database = database;
        this.capabilities = capabilities;
        this.pending = pending;
        this.fences = fences;
        this.hints = hints;
        this.keepsConnections = keepsConnections;
        single = naming.render(SINGLE);
        singleAndTell = andTell(single);
        beside = naming.render(BESIDE);
        besideAndTell = andTell(beside);
        plain = naming.render(PLAIN);
        full = naming.render(FULL);
        lock = naming.render("select scope_id, members_version, solo from {scope} where name = ? for no key update");
        remembered = naming.render("""
                with gone as (
                  delete from {dispatch} where scope_id = ? and dispatch = any (?::uuid[]) and expires < clock_timestamp()),
                released as (
                  update {message} m set remember = null
                  where m.scope_id = ? and m.dispatch = any (?::uuid[]) and %s and %s
                    and not exists (
                      select from {dispatch} d
                      where d.scope_id = m.scope_id and d.dispatch = m.dispatch and d.expires >= clock_timestamp())),
                released_by_default as (
                  update {message_default} m set remember = null
                  where m.scope_id = ? and m.dispatch = any (?::uuid[]) and %s and %s)
                select dispatch, position from {dispatch}
                where scope_id = ? and dispatch = any (?::uuid[]) and expires >= clock_timestamp()
                union
                select m.dispatch, m.position from {message} m
                where m.scope_id = ? and m.dispatch = any (?::uuid[]) and %s
                """.formatted(
                        Remembered.isInTheWay("m"),
                        Remembered.isOver("m"),
                        Remembered.isLongInTheWay("m"),
                        Remembered.isOver("m"),
                        Remembered.isKnown("m")));
        recalled = naming.render("""
                select u.element, k.position, s.members_version
                from unnest((select ?::text[]), ?::uuid[]) with ordinality as u(scope, dispatch, element)
                join {scope} s on s.name = u.scope
                cross join lateral (
                  select d.position from {dispatch} d
                  where d.scope_id = s.scope_id and d.dispatch = u.dispatch and d.expires >= clock_timestamp()
                  union
                  select m.position from {message} m
                  where m.scope_id = s.scope_id and m.dispatch = u.dispatch and %s) k
                """.formatted(Remembered.isKnown("m")));
    }

    private static String andTell(String statement) {
        return "begin; " + statement + "; commit; " + Hints.NOTIFY;
    }

    /** Answers in order; throws only {@code Closed} and {@code Misconfigured} (B4). */
    List<Appended> append(List<Append> batch) {
        long deadline = System.nanoTime() + database.callLimit().toNanos();
        if (underWay.incrementAndGet() > 1 || batch.size() > 1) {
            busyUntil = System.nanoTime() + BUSY;
        }
        try {
            Appended quick = batch.size() == 1 ? single(batch.get(0), deadline) : null;
            return quick != null ? List.of(quick) : general(batch, deadline);
        } finally {
            underWay.decrementAndGet();
        }
    }

    /** Null: this is not for the light statement, or it has not written; nothing has happened then. */
    private @Nullable Appended single(Append append, long deadline) {
        Content content = append.content();
        if (!Elements.plain(content)
                || append.ifMembers().isPresent()
                || append.remember().isZero()
                || append.remember().compareTo(Remembered.WITH_ENTRY) > 0
                || isTurn()) {
            return null;
        }
        boolean mayBeSolo =
                keepsConnections && append.remember().compareTo(Remembered.WITH_ENTRY.minus(Solo.PHASE)) <= 0;
        Solo solo = mayBeSolo ? solos.take(append.scope()) : null;
        boolean answered = false;
        try {
            capabilities.check(append);
            Appended answer = database.call(
                            "append", true, deadline, connection -> writeSingle(connection, append, solo))
                    .orElse(null);
            answered = answer != null;
            return answer;
        } catch (StoreException.Closed | StoreException.Misconfigured failure) {
            throw failure;
        } catch (StoreException failure) {
            // An id that is remembered already has its answer from the other way; or there is a fence.
            return Failures.uniqueViolation(failure.getCause()) ? null : new Appended.Failed(failure);
        } finally {
            if (solo != null) {
                if (!answered) {
                    solo.lost();
                }
                solos.giveBack(solo);
            }
        }
    }

    private boolean isTurn() {
        return turnUntil - System.nanoTime() > 0;
    }

    private Optional<Appended> writeSingle(Database.Borrowed connection, Append append, @Nullable Solo solo)
            throws SQLException {
        Optional<Hints.Notice> notice = connection.inTransaction() ? Optional.empty() : hints.notice(append.scope());
        Optional<Appended> answer = Optional.empty();
        if (solo != null && solo.isOn(connection.driver()) && !connection.inTransaction()) {
            try {
                answer = writeBeside(connection, append, solo, notice);
            } catch (SQLException failure) {
                return unwritten(connection, failure, notice.isPresent());
            }
        }
        if (answer.isEmpty()) {
            answer = writeWithRow(connection, append, solo, notice);
        }
        if (answer.isPresent()) {
            if (connection.inTransaction()) {
                connection.afterCommit(() -> hints.readable(append.scope(), false));
            } else {
                hints.readable(append.scope(), notice.isPresent());
            }
        }
        return answer;
    }

    /** Empty: not written, since something enlisted is waiting or the announcement is too long ago. */
    private Optional<Appended> writeBeside(
            Database.Borrowed connection, Append append, Solo solo, Optional<Hints.Notice> notice) throws SQLException {
        try (PreparedStatement statement = connection.prepare(notice.isPresent() ? besideAndTell : beside)) {
            statement.setLong(1, solo.scopeId());
            statement.setLong(2, solo.last() + 1);
            // It is remembered from the time in its position.
            int next = setContent(
                    statement, 3, append, Elements.millis(append.remember().plus(Solo.PHASE)));
            statement.setDouble(next, solo.deadline() / 1e6);
            statement.setString(next + 1, append.scope());
            if (notice.isPresent()) {
                setNotice(statement, next + 2, notice.get());
            }
            return written(statement) ? Optional.of(solo.next()) : Optional.empty();
        }
    }

    /** Whether any statement of the text has written. */
    private static boolean written(PreparedStatement statement) throws SQLException {
        boolean rows = statement.execute();
        int count = statement.getUpdateCount();
        boolean written = false;
        while (rows || count >= 0) {
            written |= count > 0;
            rows = statement.getMoreResults();
            count = statement.getUpdateCount();
        }
        return written;
    }

    private Optional<Appended> writeWithRow(
            Database.Borrowed connection, Append append, @Nullable Solo solo, Optional<Hints.Notice> notice)
            throws SQLException {
        long began = System.nanoTime();
        boolean announce = solo != null
                && solo.isDue(connection.driver())
                && busyUntil - System.nanoTime() <= 0
                && !connection.inTransaction();
        try (PreparedStatement statement = connection.prepare(notice.isPresent() ? singleAndTell : single)) {
            statement.setLong(1, solo == null ? 0 : solo.lastIfAnnounced());
            statement.setBoolean(2, announce);
            statement.setLong(3, solo == null ? 0 : solo.head());
            statement.setString(4, append.scope());
            statement.setLong(5, solo == null ? 0 : solo.base());
            int next = setContent(statement, 6, append, Elements.millis(append.remember()));
            if (notice.isPresent()) {
                setNotice(statement, next, notice.get());
            }
            boolean rows = statement.execute();
            while (!rows) {
                rows = statement.getMoreResults();
            }
            try (ResultSet row = statement.getResultSet()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                Appended.Stored stored = new Appended.Stored(row.getLong(1), row.getLong(2), false);
                if (solo != null && row.getBoolean(4)) {
                    solo.announced(began, row.getLong(3), stored);
                } else if (solo != null) {
                    solo.over(stored);
                }
                return Optional.of(stored);
            }
        } catch (SQLException failure) {
            return unwritten(connection, failure, notice.isPresent());
        }
    }

    /**
     * Append and hint go in one round trip, but in two transactions: NOTIFY holds a lock of the whole database until its own commit,
     * which has nothing to write. Whatever the server refuses there the other way answers: if the append was committed and the hint
     * was not sent, by its id.
     */
    private static Optional<Appended> unwritten(Database.Borrowed connection, SQLException failure, boolean told)
            throws SQLException {
        if (told && Failures.answered(failure)) {
            connection.rollback();
            return Optional.empty();
        }
        if (told || !Failures.lockTimeout(failure) || connection.inTransaction()) {
            throw failure;
        }
        return Optional.empty();
    }

    /** Id, time for which it is remembered, and content, from this parameter on; answers the next. */
    private static int setContent(PreparedStatement statement, int first, Append append, int remember)
            throws SQLException {
        Content content = append.content();
        statement.setObject(first, append.dispatch());
        statement.setInt(first + 1, remember);
        statement.setBoolean(first + 2, content.bodyToHandlers());
        statement.setString(first + 3, content.sender().person());
        statement.setString(first + 4, content.sender().client());
        statement.setBytes(first + 5, Elements.bytes(content.body()));
        return first + 6;
    }

    private static void setNotice(PreparedStatement statement, int first, Hints.Notice notice) throws SQLException {
        statement.setString(first, notice.channel());
        statement.setString(first + 1, notice.payload());
    }

    private List<Appended> general(List<Append> batch, long deadline) {
        @Nullable Appended[] answers = new Appended[batch.size()];
        List<Element> elements = new ArrayList<>(batch.size());
        for (int i = 0; i < answers.length; i++) {
            try {
                capabilities.check(batch.get(i));
                elements.add(new Element(batch.get(i), i));
            } catch (StoreException.Rejected refused) {
                answers[i] = new Appended.Failed(refused);
            }
        }
        elements.stream().map(Element::scope).distinct().forEach(solos::lose);
        Run run = new Run(answers, deadline);
        run.all(elements);
        if (!run.written.isEmpty()) {
            hints.readable(run.written);
        }
        return List.copyOf(Arrays.asList(answers));
    }

    /** Appends farewells in a transaction that holds the locks of their scopes (L7); they are not remembered. */
    void farewells(Database.Borrowed connection, List<Append> farewells) throws SQLException {
        List<Element> waiting = new ArrayList<>();
        farewells.forEach(farewell -> waiting.add(new Element(farewell, 0)));
        for (List<Element> next = waiting; !next.isEmpty(); ) {
            Round round = new Round(next);
            write(connection, round, true, true);
            next = round.later;
        }
    }

    /** An append and its place in the batch. */
    private record Element(Append append, int index) {
        String scope() {
            return append.scope();
        }
    }

    /** Elements that one statement can take: of each scope the next ones under one condition, without an id twice. */
    private static final class Round {
        final Map<String, Group> groups = new LinkedHashMap<>();
        final List<Element> elements = new ArrayList<>();
        final List<Element> later = new ArrayList<>();
        private final Set<String> ended = new HashSet<>();
        private long bytes;

        Round(List<Element> waiting) {
            for (Element element : waiting) {
                if (!takes(element)) {
                    // What follows in its scope must not overtake it (B1).
                    ended.add(element.scope());
                    later.add(element);
                }
            }
        }

        private boolean takes(Element element) {
            long size = element.append.content().size();
            if (ended.contains(element.scope()) || (bytes + size > MAX_BYTES && !elements.isEmpty())) {
                return false;
            }
            Group group = groups.get(element.scope());
            if (group == null) {
                group = new Group(groups.size() + 1, element.append.ifMembers());
                groups.put(element.scope(), group);
            } else if (!group.ifMembers.equals(element.append.ifMembers())
                    || group.ids.contains(element.append.dispatch())) {
                return false;
            }
            group.ids.add(element.append.dispatch());
            bytes += size;
            elements.add(element);
            return true;
        }
    }

    /** The part of a round that goes to one scope. */
    private static final class Group {
        final int no;
        final OptionalLong ifMembers;
        final Set<UUID> ids = new HashSet<>();

        @Nullable
        Outcome outcome;

        Group(int no, OptionalLong ifMembers) {
            this.no = no;
            this.ifMembers = ifMembers;
        }
    }

    /** What the statement did with one scope. */
    private record Outcome(
            long base, long membersVersion, int mailboxes, boolean pending, boolean turn, boolean written) {
        /** Left to a transaction that promotes what is pending, and notes ids. */
        boolean left() {
            return !written && mailboxes > 0 && (pending || turn);
        }
    }

    /** One call of {@link #append}. */
    private final class Run {
        final @Nullable Appended[] answers;
        final Set<String> written = new HashSet<>();
        private final Map<String, StoreException> failed = new HashMap<>();
        private final long deadline;

        Run(@Nullable Appended[] answers, long deadline) {
            this.answers = answers;
            this.deadline = deadline;
        }

        void all(List<Element> elements) {
            List<Element> alone = new ArrayList<>();
            List<Element> waiting = elements;
            while (!waiting.isEmpty()) {
                Round round = new Round(waiting);
                waiting = new ArrayList<>();
                Set<String> left = together(round, alone);
                for (Element element : round.later) {
                    StoreException cause = failed.get(element.scope());
                    if (cause != null) {
                        answers[element.index] = new Appended.Failed(notTried(cause));
                    } else {
                        (left.contains(element.scope()) ? alone : waiting).add(element);
                    }
                }
            }
            Map<String, List<Element>> scopes = new LinkedHashMap<>();
            alone.forEach(element -> scopes.computeIfAbsent(element.scope(), name -> new ArrayList<>())
                    .add(element));
            scopes.forEach(this::alone);
        }

        /** Writes a round; answers the scopes that it had to leave, whose elements it adds to {@code alone}. */
        private Set<String> together(Round round, List<Element> alone) {
            Set<String> left = new HashSet<>();
            try {
                database.call("append", true, deadline, connection -> {
                    write(connection, round, false, isTurn());
                    return round;
                });
            } catch (StoreException failure) {
                if (Failures.uniqueViolation(failure.getCause())) {
                    // An id is remembered already; the statement as a whole has written nothing.
                    left.addAll(round.groups.keySet());
                    alone.addAll(round.elements);
                } else {
                    fail(round.elements, failure);
                }
                return left;
            }
            for (Element element : round.elements) {
                Outcome outcome = group(round, element.scope()).outcome;
                // No answer: locked by another, or not there at all.
                if (outcome == null || outcome.left()) {
                    left.add(element.scope());
                    alone.add(element);
                    if (outcome != null && outcome.turn) {
                        turnUntil = System.nanoTime() + TURN;
                    }
                }
            }
            recall(settle(round, left));
            return left;
        }

        /** What was written before under the same id is its answer, whatever the scope is like now (I1). */
        private void recall(List<Element> unwritten) {
            if (unwritten.isEmpty()) {
                return;
            }
            String[] scopes = unwritten.stream().map(Element::scope).toArray(String[]::new);
            String[] ids = ids(unwritten);
            try {
                database.call("append", false, deadline, connection -> {
                    try (PreparedStatement statement = connection.connection().prepareStatement(recalled)) {
                        statement.setArray(1, connection.driver().createArrayOf("text", scopes));
                        statement.setArray(2, connection.driver().createArrayOf("uuid", ids));
                        try (ResultSet rows = statement.executeQuery()) {
                            while (rows.next()) {
                                answers[unwritten.get(rows.getInt(1) - 1).index] =
                                        new Appended.Stored(rows.getLong(2), rows.getLong(3), true);
                            }
                        }
                    }
                    return unwritten;
                });
            } catch (StoreException failure) {
                fail(unwritten, failure);
            }
        }

        /** Answers what a round wrote, or had no reason to write; returns the latter. */
        private List<Element> settle(Round round, Set<String> left) {
            Map<String, Integer> ranks = new HashMap<>();
            List<Element> unwritten = new ArrayList<>();
            for (Element element : round.elements) {
                if (left.contains(element.scope())) {
                    continue;
                }
                Outcome outcome = outcome(round, element.scope());
                if (outcome.written) {
                    int rank = ranks.merge(element.scope(), 1, Integer::sum);
                    answers[element.index] = new Appended.Stored(outcome.base + rank, outcome.membersVersion, false);
                    written.add(element.scope());
                } else {
                    answers[element.index] = unwritten(element, outcome);
                    unwritten.add(element);
                }
            }
            return unwritten;
        }

        private Appended unwritten(Element element, Outcome outcome) {
            OptionalLong condition = element.append.ifMembers();
            return condition.isPresent() && condition.getAsLong() != outcome.membersVersion
                    ? new Appended.Stale(outcome.membersVersion)
                    : new Appended.Unheard();
        }

        /** One scope in a transaction that waits for its lock. */
        private void alone(String scope, List<Element> elements) {
            long limit = Math.min(deadline, System.nanoTime() + LOCK_LIMIT.toNanos());
            @Nullable Appended[] before = answers.clone();
            try {
                database.transact("append", limit, connection -> {
                    System.arraycopy(before, 0, answers, 0, before.length);
                    underLock(connection, scope, elements);
                    return scope;
                });
            } catch (StoreException failure) {
                fail(elements, failure);
            }
        }

        private void underLock(Database.Borrowed connection, String scope, List<Element> elements) throws SQLException {
            long id;
            long membersVersion;
            boolean solo;
            try (PreparedStatement statement = connection.connection().prepareStatement(lock)) {
                statement.setString(1, scope);
                try (ResultSet row = statement.executeQuery()) {
                    if (!row.next()) {
                        Outcome unknown = new Outcome(0, 0, 0, false, false, false);
                        elements.forEach(element -> answers[element.index] = unwritten(element, unknown));
                        return;
                    }
                    id = row.getLong(1);
                    membersVersion = row.getLong(2);
                    solo = row.getBoolean(3);
                }
            }
            if (solo) {
                fences.put(connection.connection(), id);
            }
            written.addAll(pending.promote(connection.connection(), List.of(scope)));
            List<Element> waiting = elements;
            while (!waiting.isEmpty()) {
                Round round = new Round(fresh(connection.connection(), id, membersVersion, waiting));
                if (!round.elements.isEmpty()) {
                    write(connection, round, true, true);
                    settle(round, Set.of());
                }
                waiting = round.later;
            }
        }

        /** Answers the duplicates (I1); the rest is to be written. */
        private List<Element> fresh(Connection connection, long scope, long membersVersion, List<Element> elements)
                throws SQLException {
            String[] ids = ids(elements);
            Map<UUID, Long> known = new HashMap<>();
            try (PreparedStatement statement = connection.prepareStatement(remembered)) {
                for (int next = 1; next < 11; next += 2) {
                    statement.setLong(next, scope);
                    statement.setArray(next + 1, connection.createArrayOf("uuid", ids));
                }
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        known.put(rows.getObject(1, UUID.class), rows.getLong(2));
                    }
                }
            }
            List<Element> fresh = new ArrayList<>();
            for (Element element : elements) {
                Long position = known.get(element.append.dispatch());
                if (position == null) {
                    fresh.add(element);
                } else {
                    answers[element.index] = new Appended.Stored(position, membersVersion, true);
                }
            }
            return fresh;
        }

        private void fail(List<Element> elements, StoreException failure) {
            if (failure instanceof StoreException.Closed || failure instanceof StoreException.Misconfigured) {
                throw failure;
            }
            for (Element element : elements) {
                answers[element.index] = new Appended.Failed(failure);
                failed.put(element.scope(), failure);
            }
        }

        private StoreException notTried(StoreException cause) {
            return new StoreException.Unavailable(
                    "not tried, so as not to overtake what failed before it in its scope", cause, false);
        }
    }

    /**
     * @param eager whatever is pending
     * @param noted ids go into their table, too
     */
    private void write(Database.Borrowed connection, Round round, boolean eager, boolean noted) throws SQLException {
        Elements columns =
                new Elements(round.elements.stream().map(Element::append).toList());
        boolean isPlain = columns.plain();
        try (PreparedStatement statement = connection.prepare(isPlain ? plain : full)) {
            statement.setBoolean(1, eager);
            statement.setBoolean(2, noted);
            setScopes(statement, connection, round);
            int next = columns.setPlain(statement, connection.driver(), 8);
            if (!isPlain) {
                columns.setRare(statement, connection.driver(), next);
            }
            Map<Integer, Outcome> outcomes = new HashMap<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    outcomes.put(
                            rows.getInt(1),
                            new Outcome(
                                    rows.getLong(2),
                                    rows.getLong(3),
                                    rows.getInt(4),
                                    rows.getBoolean(5),
                                    rows.getBoolean(6),
                                    rows.getBoolean(7)));
                }
            }
            round.groups.values().forEach(group -> group.outcome = outcomes.get(group.no));
        }
    }

    /** Sets names, conditions and counts of the scopes, then number of the scope and rank in it for each element. */
    private void setScopes(PreparedStatement statement, Database.Borrowed connection, Round round) throws SQLException {
        int scopes = round.groups.size();
        String[] names = round.groups.keySet().toArray(String[]::new);
        @Nullable Long[] conditions = new Long[scopes];
        int[] counts = new int[scopes];
        int[] numbers = new int[round.elements.size()];
        int[] ranks = new int[numbers.length];
        for (Group group : round.groups.values()) {
            conditions[group.no - 1] = group.ifMembers.isPresent() ? group.ifMembers.getAsLong() : null;
        }
        for (int i = 0; i < numbers.length; i++) {
            int number = group(round, round.elements.get(i).scope()).no;
            numbers[i] = number;
            ranks[i] = ++counts[number - 1];
        }
        statement.setArray(3, connection.driver().createArrayOf("text", names));
        statement.setArray(4, connection.driver().createArrayOf("int8", conditions));
        statement.setArray(5, connection.driver().createArrayOf("int4", counts));
        statement.setArray(6, connection.driver().createArrayOf("int4", numbers));
        statement.setArray(7, connection.driver().createArrayOf("int4", ranks));
    }

    private static String[] ids(List<Element> elements) {
        return elements.stream()
                .map(element -> element.append.dispatch().toString())
                .toArray(String[]::new);
    }

    private static Group group(Round round, String scope) {
        Group group = round.groups.get(scope);
        if (group == null) {
            throw new IllegalStateException("no group for scope " + scope);
        }
        return group;
    }

    private static Outcome outcome(Round round, String scope) {
        Outcome outcome = group(round, scope).outcome;
        if (outcome == null) {
            throw new IllegalStateException("no answer for scope " + scope);
        }
        return outcome;
    }
}
