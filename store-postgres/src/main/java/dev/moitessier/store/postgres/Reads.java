package dev.moitessier.store.postgres;

import dev.moitessier.store.Address;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * Pages of many scopes in one statement, so from one snapshot (C2). A scope whose head is not past the cursor costs the look at its
 * row. Entries beyond the bytes asked for are counted by the server and not sent.
 */
final class Reads {
    private static final int REQUESTS = 1_000;
    /** Entries that one statement looks at, at most, however many requests share it. */
    private static final int ENTRIES = 20_000;

    private static final String PAGES = """
            with q as materialized (
              select * from unnest((select ?::integer[]), ?::smallint[], ?::text[], ?::text[]) as q(no, kind, person, client)),
            r as materialized (
              select u.no, u.after, u.most, s.scope_id, %1$s as head, s.trimmed, s.members_version,
                     exists (select from {pending} p where p.scope = u.name) as pending
              from unnest((select ?::text[]), ?::bigint[], ?::integer[]) with ordinality as u(name, after, most, no)
              left join lateral (select * from {scope} s where s.name = u.name offset 0) s on true),
            e as materialized (
              select r.no, m.*,
                     coalesce(octet_length(m.body), 0) + m.text_bytes + coalesce(octet_length(m.headers::text), 0) as size
              from r cross join lateral (
                select * from {message} m
                where m.scope_id = r.scope_id and r.head > r.after and m.position > greatest(r.after, r.trimmed) and %2$s %3$s
                limit r.most) m),
            c as (
              select no, count(*) as found, min(position) as first from e group by no),
            b as materialized (
              select * from (select e.*, sum(size) over (order by no, position) as total from e) t
              where total <= ?::bigint or (total = size and ?::boolean))
            select r.no, r.head, r.trimmed, r.members_version, r.pending, c.found, c.first,
                   b.position, b.dispatch, b.to_handlers, b.person, b.client, b.to_person, b.to_client, b.headers::text, b.body,
                   b.written, null::text as text_person, null::text as text_client
            from r left join c using (no) left join b using (no)
            """.formatted(Fences.head("s"), Fences.isEntry("m"), "%s");

    /**
     * The next few of one scope, for readers that get no texts of their own: what a wake-up asks for, on a server that has slept. It
     * opens the partition of the cursor's day and no other; no row if the head is of a later day, or there is no such scope. Where a
     * process appends beside the row, the head is the last entry that this finds.
     */
    private static final String NEXT = """
            select 1, s.head, s.trimmed, s.members_version, exists (select from {pending} p where p.scope = s.name), s.solo::integer, 0,
                   m.position, m.dispatch, m.to_handlers, m.person, m.client, m.to_person, m.to_client, m.headers::text, m.body,
                   m.written, null::text
            from {scope} s left join lateral (
              select * from {message} m
              where m.scope_id = s.scope_id and (s.head > ? or s.solo) and m.position > s.trimmed and m.position > ? and m.position < ? and %s
              order by m.position limit ?) m on true
            where s.name = ? and s.head < ?
            """.formatted(Fences.isEntry("m"));

    /** Entries that the light statement looks for; of a body each at most, so that they fit into a page. */
    private static final int FEW = 16;

    private static final String FOLLOWING = "order by m.position";

    /**
     * The newest that somebody may see: the same question that core asks of each entry (A3), or a reader of few would be shown none
     * of them.
     */
    private static final String NEWEST = """
            and case when m.to_person is null
              then m.body is not null and exists (
                     select from q where q.no = r.no and (q.kind < 2 or m.to_handlers))
                   or m.text_bytes > 0 and exists (
                     select from {override} o join q on q.person = o.person and q.client = o.client
                     where o.scope_id = m.scope_id and o.position = m.position and q.no = r.no and q.kind = 2)
              else exists (
                     select from q where q.no = r.no and q.kind > 0 and q.person = m.to_person
                       and (m.to_client is null or q.client = m.to_client)
                       and (m.body is not null and (q.kind = 1 or m.to_handlers)
                            or q.kind = 2 and exists (
                              select from {override} o where o.scope_id = m.scope_id and o.position = m.position
                                and o.person = q.person and o.client = q.client)))
              end
            order by m.position desc""";

    private static final String TEXTS = """
            union all
            select b.no, 0, 0, 0, false, 0, 0, b.position, null, false, null, null, null, null, null, o.body, null, o.person, o.client
            from b join q on q.no = b.no and q.kind = 2
            join {override} o on o.scope_id = b.scope_id and o.position = b.position and o.person = q.person and o.client = q.client
            where b.text_bytes > 0
            """;

    private static final String ORDER = "order by no, position, text_person nulls first, text_client";

    private final Database database;
    private final Promotions promotions;
    private final String next;
    private final String following;
    private final String followingWithTexts;
    private final String newest;
    private final String newestWithTexts;
    /** The last read of one scope found more than a few entries: then the light statement is a waste. */
    private volatile boolean crowded;

    Reads(Database database, Naming naming, Promotions promotions) {
        this.database = database;
        this.promotions = promotions;
        next = naming.render(NEXT);
        following = naming.render(PAGES.formatted(FOLLOWING) + ORDER);
        followingWithTexts = naming.render(PAGES.formatted(FOLLOWING) + TEXTS + ORDER);
        newest = naming.render(PAGES.formatted(NEWEST) + ORDER);
        newestWithTexts = naming.render(PAGES.formatted(NEWEST) + TEXTS + ORDER);
    }

    List<Page> read(List<ReadRequest> requests, int maxBytes) {
        @Nullable Page[] pages = new Page[requests.size()];
        Budget budget = new Budget(maxBytes);
        int from = 0;
        while (from < requests.size()) {
            // Requests of one direction share a statement; core does not mix them.
            boolean backwards = requests.get(from).newest();
            int to = from + 1;
            while (to < requests.size()
                    && to - from < REQUESTS
                    && requests.get(to).newest() == backwards) {
                to++;
            }
            List<ReadRequest> part = requests.subList(from, to);
            List<Found> found = look(part, backwards, budget);
            for (int i = 0; i < part.size(); i++) {
                pages[from + i] = budget.page(part.get(i), found.get(i), most(part.get(i), part.size()));
            }
            from = to;
        }
        List<Page> answer = new ArrayList<>(pages.length);
        for (Page page : pages) {
            if (page != null) {
                answer.add(page);
            }
        }
        return answer;
    }

    /** Looks, and where something enlisted is waiting has it promoted and looks again (T3). */
    private List<Found> look(List<ReadRequest> requests, boolean backwards, Budget budget) {
        List<Found> found = next(requests, backwards, budget);
        if (found.isEmpty()) {
            found = statement(requests, backwards, budget);
            crowded = requests.size() == 1 && found.get(0).count >= FEW;
        }
        Set<String> waiting = new LinkedHashSet<>();
        for (int i = 0; i < requests.size(); i++) {
            if (found.get(i).pending) {
                waiting.add(requests.get(i).scope());
            }
        }
        if (waiting.isEmpty()) {
            return found;
        }
        promotions.promote(waiting);
        return statement(requests, backwards, budget);
    }

    /** What the server found for one request. */
    private static final class Found {
        boolean known;
        boolean pending;
        long head;
        long trimmed;
        long membersVersion;
        int count;
        long first;
        final List<Draft> entries = new ArrayList<>();

        long bytes() {
            long bytes = 0;
            for (Draft draft : entries) {
                bytes += draft.entry().content().size();
            }
            return bytes;
        }
    }

    /** An entry whose texts may still follow. */
    private record Draft(
            long position,
            @Nullable OffsetDateTime written,
            UUID dispatch,
            Party sender,
            @Nullable Address to,
            @Nullable Payload body,
            boolean toHandlers,
            Map<String, String> headers,
            Map<Party, Payload> texts) {
        Entry entry() {
            return new Entry(
                    position,
                    written == null ? Times.instant(position) : written.toInstant(),
                    dispatch,
                    new Content(sender, to, body, toHandlers, texts, headers));
        }
    }

    /** By the light statement; empty if it is not for this, or may have left something out. */
    private List<Found> next(List<ReadRequest> requests, boolean backwards, Budget budget) {
        ReadRequest request = requests.get(0);
        if (backwards || requests.size() > 1 || crowded || hasTexts(request)) {
            return List.of();
        }
        int most = Math.min(FEW, request.maxEntries());
        long nextDay = (request.after() / Remembered.DAY + 1) * Remembered.DAY;
        List<Found> found = database.call("read", false, connection -> {
            List<Found> one = new ArrayList<>(1);
            try (PreparedStatement statement = connection.prepare(next)) {
                statement.setLong(1, request.after());
                statement.setLong(2, request.after());
                statement.setLong(3, nextDay);
                statement.setInt(4, most);
                statement.setString(5, request.scope());
                statement.setLong(6, nextDay);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        take(rows, one);
                    }
                }
            }
            return one;
        });
        for (Found each : found) {
            boolean solo = each.count > 0;
            each.count = each.entries.size();
            crowded = each.count == FEW;
            boolean headUnknown = solo
                    && (each.count == most
                            || (each.count == 0 && Math.max(request.after(), each.trimmed) >= each.head));
            if (headUnknown || (crowded && most < request.maxEntries()) || each.bytes() > budget.left()) {
                return List.of();
            }
            if (solo && each.count > 0) {
                each.head = Math.max(each.head, each.entries.get(each.count - 1).position);
            }
        }
        return found;
    }

    private static boolean hasTexts(ReadRequest request) {
        for (ListenerRef reader : request.readers()) {
            if (reader.type() == ListenerType.HANDLER) {
                return true;
            }
        }
        return false;
    }

    private List<Found> statement(List<ReadRequest> requests, boolean backwards, Budget budget) {
        int size = requests.size();
        String[] scopes = new String[size];
        long[] after = new long[size];
        int[] most = new int[size];
        List<Integer> numbers = new ArrayList<>();
        List<ListenerRef> readers = new ArrayList<>();
        boolean texts = false;
        for (int i = 0; i < size; i++) {
            ReadRequest request = requests.get(i);
            scopes[i] = request.scope();
            after[i] = Math.max(0, request.after());
            most[i] = most(request, size);
            for (ListenerRef reader : request.readers()) {
                boolean handler = reader.type() == ListenerType.HANDLER;
                texts |= handler;
                if (handler || backwards) {
                    numbers.add(i + 1);
                    readers.add(reader);
                }
            }
        }
        String sql = texts ? backwards ? newestWithTexts : followingWithTexts : backwards ? newest : following;
        return database.call("read", false, connection -> {
            List<Found> found = new ArrayList<>(size);
            try (PreparedStatement statement = connection.prepare(sql)) {
                PgConnection driver = connection.driver();
                statement.setArray(1, driver.createArrayOf("int4", numbers.toArray(Integer[]::new)));
                statement.setArray(
                        2,
                        driver.createArrayOf(
                                "int2", readers.stream().map(Mailboxes::kind).toArray(Short[]::new)));
                statement.setArray(
                        3,
                        driver.createArrayOf(
                                "text", readers.stream().map(Mailboxes::person).toArray(String[]::new)));
                statement.setArray(
                        4,
                        driver.createArrayOf(
                                "text", readers.stream().map(Mailboxes::client).toArray(String[]::new)));
                statement.setArray(5, driver.createArrayOf("text", scopes));
                statement.setArray(6, driver.createArrayOf("int8", after));
                statement.setArray(7, driver.createArrayOf("int4", most));
                statement.setLong(8, budget.left());
                statement.setBoolean(9, budget.empty);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        take(rows, found);
                    }
                }
            }
            return found;
        });
    }

    private static void take(ResultSet row, List<Found> found) throws SQLException {
        String textPerson = row.getString(18);
        if (textPerson != null) {
            List<Draft> entries = found.get(row.getInt(1) - 1).entries;
            entries.get(entries.size() - 1)
                    .texts
                    .put(new Party(textPerson, row.getString(19)), Payload.wrap(row.getBytes(16)));
            return;
        }
        if (row.getInt(1) > found.size()) {
            Found next = new Found();
            next.head = row.getLong(2);
            next.known = !row.wasNull();
            next.trimmed = row.getLong(3);
            next.membersVersion = row.getLong(4);
            next.pending = row.getBoolean(5);
            next.count = row.getInt(6);
            next.first = row.getLong(7);
            found.add(next);
        }
        long position = row.getLong(8);
        if (!row.wasNull()) {
            String to = row.getString(13);
            String headers = row.getString(15);
            byte[] body = row.getBytes(16);
            found.get(found.size() - 1)
                    .entries
                    .add(new Draft(
                            position,
                            row.getObject(17, OffsetDateTime.class),
                            row.getObject(9, UUID.class),
                            new Party(row.getString(11), row.getString(12)),
                            to == null ? null : new Address(to, row.getString(14)),
                            body == null ? null : Payload.wrap(body),
                            row.getBoolean(10),
                            headers == null ? Map.of() : Headers.read(headers),
                            new HashMap<>()));
        }
    }

    private static int most(ReadRequest request, int requests) {
        return Math.min(request.maxEntries(), Math.max(16, ENTRIES / requests));
    }

    /** The bytes of one call, over all its pages (R3). */
    private static final class Budget {
        private final long maxBytes;
        private long used;
        private boolean empty = true;

        Budget(int maxBytes) {
            this.maxBytes = maxBytes;
        }

        long left() {
            return Math.max(0, maxBytes - used);
        }

        Page page(ReadRequest request, Found found, int most) {
            if (!found.known) {
                return new Page(request.scope(), List.of(), 0, 0, 0, 0, false, request.after() > 0);
            }
            if (request.after() > found.head) {
                return new Page(
                        request.scope(),
                        List.of(),
                        found.trimmed,
                        found.head,
                        found.trimmed,
                        found.membersVersion,
                        false,
                        true);
            }
            long after = Math.max(0, request.after());
            List<Entry> entries = new ArrayList<>(found.entries.size());
            for (Draft draft : found.entries) {
                Entry entry = draft.entry();
                entries.add(entry);
                used += entry.content().size();
                empty = false;
            }
            return new Page(
                    request.scope(),
                    entries,
                    next(request, found, most, after),
                    found.head,
                    found.trimmed,
                    found.membersVersion,
                    found.trimmed > after,
                    false);
        }

        /** The last position examined (O4). */
        private long next(ReadRequest request, Found found, int most, long after) {
            List<Draft> entries = found.entries;
            if (entries.size() < found.count) {
                used = maxBytes;
                if (!entries.isEmpty()) {
                    return entries.get(entries.size() - 1).position;
                }
                return request.newest() ? found.first - 1 : Math.max(after, found.trimmed);
            }
            return request.newest() || found.count < most ? found.head : entries.get(entries.size() - 1).position;
        }
    }
}
