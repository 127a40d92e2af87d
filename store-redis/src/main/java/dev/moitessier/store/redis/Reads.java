package dev.moitessier.store.redis;

import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Protocol;

/**
 * Pages. One script makes one page, so that all of it is one snapshot (C2). Of many requests the heads are looked at first, in one
 * pipeline, and only those that have something are read (R1). Few requests begin with a glance: what a wake-up is about is usually one
 * entry, and plain commands bring it for a third of what a script costs the server.
 */
final class Reads {
    private static final int FEW = 4;
    /** Entries that a glance can see. */
    private static final int GLANCE = 8;
    /** Pages that share a pipeline, and the bytes that are left. */
    private static final int AT_ONCE = 64;

    private static final int BACKWARDS = 64;

    private final Shards shards;
    private final Keys keys;
    private final Heads heads;
    /** Whether the last glance, or page in its place, had few entries. */
    private volatile boolean quiet = true;

    Reads(Shards shards, Keys keys, Heads heads) {
        this.shards = shards;
        this.keys = keys;
        this.heads = heads;
    }

    List<Page> read(List<ReadRequest> requests, int maxBytes) {
        shards.ensureOpen();
        List<Reading> readings = new ArrayList<>(requests.size());
        requests.forEach(request -> readings.add(new Reading(request)));
        if (readings.size() > FEW) {
            look(readings);
        }
        Budget budget = new Budget(maxBytes);
        if (readings.size() <= FEW && quiet) {
            glance(readings, budget);
        }
        List<Reading> following = new ArrayList<>();
        for (Reading reading : readings) {
            if (reading.page != null) {
                continue;
            }
            if (reading.request.newest()) {
                follow(following, budget);
                newest(reading, budget);
            } else {
                following.add(reading);
                if (following.size() == AT_ONCE) {
                    follow(following, budget);
                }
            }
        }
        follow(following, budget);
        List<Page> pages = new ArrayList<>(readings.size());
        for (Reading reading : readings) {
            if (reading.page == null) {
                throw new IllegalStateException("a request without a page");
            }
            pages.add(reading.page);
        }
        return pages;
    }

    /** One request, and its page once there is one. */
    private static final class Reading {
        final ReadRequest request;
        final Scope scope;
        final Sight sight;
        final long after;

        @Nullable
        Page page;

        Reading(ReadRequest request) {
            this.request = request;
            scope = Scope.of(request.scope());
            sight = new Sight(request.readers());
            after = Math.max(0, request.after());
        }

        /** The page where there is nothing to read: an unknown scope, a cursor past the head or at it. */
        boolean settle(View view) {
            if (!view.known) {
                page = new Page(request.scope(), List.of(), 0, 0, 0, 0, false, request.after() > 0);
            } else if (request.after() > view.head) {
                page = new Page(
                        request.scope(), List.of(), view.trimmed, view.head, view.trimmed, view.version, false, true);
            } else if (after == view.head) {
                finish(view, List.of(), view.head);
            }
            return page != null;
        }

        void finish(View view, List<Entry> entries, long next) {
            long trimmed = view.trimmedFor(after);
            page = new Page(request.scope(), entries, next, view.head, trimmed, view.version, trimmed > after, false);
        }
    }

    /** What a scope is at one moment. */
    private record View(boolean known, long head, long trimmed, long version, long born) {
        static View of(List<?> reply) {
            if (reply.isEmpty() || reply.get(0) == null) {
                return new View(false, 0, 0, 0, 0);
            }
            byte @Nullable [] trimmed = (byte[]) reply.get(1);
            return new View(
                    true,
                    Positions.of((byte[]) reply.get(0)),
                    trimmed == null ? 0 : Positions.of(trimmed),
                    Replies.number(reply.get(2)),
                    Positions.of((byte[]) reply.get(3)));
        }

        View trimmed(long later) {
            return new View(known, head, Math.max(trimmed, later), version, born);
        }

        /** What came after a cursor of an earlier life of the scope is gone. */
        long trimmedFor(long after) {
            return after > 0 && after < born ? Math.max(born, trimmed) : trimmed;
        }
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

        /** False: there is no room for it, and for nothing after it. */
        boolean take(Entry entry) {
            long size = entry.content().size();
            if (!empty && used + size > maxBytes) {
                used = maxBytes;
                return false;
            }
            empty = false;
            used += size;
            return true;
        }
    }

    private void look(List<Reading> readings) {
        List<Call> calls = readings.stream().map(this::look).toList();
        List<Outcome> outcomes = shards.all("read", false, calls);
        for (int i = 0; i < readings.size(); i++) {
            View view = View.of(outcomes.get(i).list());
            heads.saw(readings.get(i).scope, view.head);
            readings.get(i).settle(view);
        }
    }

    private Call look(Reading reading) {
        return Call.of(reading.scope.shard(), Protocol.Command.HMGET)
                .key(keys.of(reading.scope, "m:"))
                .arg("h")
                .arg("t")
                .arg("v")
                .arg("b");
    }

    // A glance

    /** From the first page that it does not see whole, and from one that looks back, the others are read as if it had not been. */
    private void glance(List<Reading> readings, Budget budget) {
        List<Call> calls = new ArrayList<>(2 * readings.size());
        for (Reading reading : readings) {
            if (reading.request.newest()) {
                break;
            }
            // The entries before trimmed and head: what vanishes in between is told (C2).
            calls.add(Call.of(reading.scope.shard(), Protocol.Command.XRANGE)
                    .key(keys.of(reading.scope, "s:"))
                    .arg(Keys.join(Keys.utf8("("), Positions.id(reading.after)))
                    .arg("+")
                    .arg("COUNT")
                    .arg(Math.min(GLANCE, reading.request.maxEntries())));
            calls.add(look(reading));
        }
        List<Outcome> outcomes = shards.all("read", false, calls);
        for (int i = 0; i < outcomes.size(); i += 2) {
            if (!glance(readings.get(i / 2), outcomes.get(i), outcomes.get(i + 1), budget)) {
                return;
            }
        }
    }

    private boolean glance(Reading reading, Outcome rows, Outcome meta, Budget budget) {
        List<?> entries = rows.list();
        View view = View.of(meta.list());
        heads.saw(reading.scope, view.head);
        if (entries.size() == GLANCE && reading.request.maxEntries() > GLANCE) {
            quiet = false;
            return false;
        }
        if (rows.late()) {
            return false;
        }
        if (reading.settle(view)) {
            return true;
        }
        if (entries.isEmpty()) {
            return false; // something came, or went, between the two
        }
        List<Draft> drafts = new ArrayList<>(entries.size());
        entries.forEach(entry -> drafts.add(Draft.of((List<?>) entry)));
        // More may have come after its last entry.
        follow(reading, new Found(view, true, drafts), budget);
        return true;
    }

    // Forwards

    private void follow(List<Reading> readings, Budget budget) {
        if (readings.isEmpty()) {
            return;
        }
        long share = Math.max(1, budget.left() / readings.size());
        List<Call> calls = new ArrayList<>(readings.size());
        for (Reading reading : readings) {
            boolean must = budget.empty && calls.isEmpty();
            calls.add(page(reading, budget.left() == 0 ? 0 : share, must));
        }
        List<Outcome> outcomes = shards.all("read", false, calls);
        for (int i = 0; i < readings.size(); i++) {
            Reading reading = readings.get(i);
            Found found = Found.of(outcomes.get(i).list());
            if (found.cut && found.drafts.isEmpty() && budget.left() > 0) {
                // Too large for its share: alone it may have all that is left.
                found = Found.of(shards.one("read", false, page(reading, budget.left(), budget.empty))
                        .list());
            }
            heads.saw(reading.scope, found.view.head);
            quiet = found.drafts.size() < GLANCE;
            if (!reading.settle(found.view)) {
                follow(reading, found, budget);
            }
        }
        readings.clear();
    }

    private Call page(Reading reading, long bytes, boolean must) {
        return Call.of(reading.scope.shard(), Script.PAGE)
                .key(keys.of(reading.scope, "s:"))
                .key(keys.of(reading.scope, "m:"))
                .arg(Positions.id(reading.after))
                .arg(reading.request.maxEntries())
                .arg(bytes)
                .arg(must ? "1" : "");
    }

    private void follow(Reading reading, Found found, Budget budget) {
        View view = found.view.trimmed(texts(reading, found.drafts));
        boolean cut = found.cut || found.drafts.size() == reading.request.maxEntries();
        List<Entry> entries = new ArrayList<>();
        long next = Math.max(reading.after, view.trimmedFor(reading.after));
        for (Draft draft : found.drafts) {
            if (draft.position <= view.trimmed) {
                continue;
            }
            Entry entry = draft.entry(reading.sight);
            if (!budget.take(entry)) {
                cut = true;
                break;
            }
            entries.add(entry);
            next = draft.position;
        }
        reading.finish(view, entries, cut ? Math.min(next, view.head) : view.head);
    }

    // Backwards

    private void newest(Reading reading, Budget budget) {
        List<Entry> seen = new ArrayList<>();
        View view = null;
        byte[] bound = {'+'};
        int most = reading.request.maxEntries();
        for (boolean more = true; more && seen.size() < most; ) {
            int chunk = Math.max(8, Math.min(BACKWARDS, most - seen.size()));
            Found found = Found.of(shards.one(
                            "read",
                            false,
                            Call.of(reading.scope.shard(), Script.NEWEST)
                                    .key(keys.of(reading.scope, "s:"))
                                    .key(keys.of(reading.scope, "m:"))
                                    .arg(bound)
                                    .arg(Positions.id(reading.after))
                                    .arg(chunk))
                    .list());
            // Head and version are of the first look, trimmed is of the last: read after the entries (C2).
            if (view == null && reading.settle(found.view)) {
                return;
            }
            view = (view == null ? found.view : view.trimmed(found.view.trimmed)).trimmed(texts(reading, found.drafts));
            for (Draft draft : found.drafts) {
                Entry entry = draft.entry(reading.sight);
                if (seen.size() < most && reading.sight.sees(entry.content())) {
                    seen.add(entry);
                }
                bound = Keys.join(Keys.utf8("("), Positions.id(draft.position));
            }
            more = found.drafts.size() == chunk;
        }
        if (view == null) {
            throw new IllegalStateException("a request for no entry");
        }
        heads.saw(reading.scope, view.head);
        Collections.reverse(seen);
        List<Entry> entries = new ArrayList<>();
        for (Entry entry : seen) {
            if (entry.position() > view.trimmed) {
                if (!budget.take(entry)) {
                    reading.finish(view, entries, Math.max(reading.after, entry.position() - 1));
                    return;
                }
                entries.add(entry);
            }
        }
        reading.finish(view, entries, view.head);
    }

    // Entries

    /** An entry as the server has it; texts that are kept apart may follow. */
    private static final class Draft {
        final long position;
        final Contents.Read read;
        final Map<Party, Payload> apart = new HashMap<>();

        Draft(long position, Contents.Read read) {
            this.position = position;
            this.read = read;
        }

        static Draft of(List<?> reply) {
            List<?> values = (List<?>) reply.get(1);
            return new Draft(Positions.of((byte[]) reply.get(0)), Contents.read((byte[]) values.get(1)));
        }

        /** With the texts of these readers alone (R2). */
        Entry entry(Sight sight) {
            Content content = read.content();
            if (!content.texts().isEmpty() || !apart.isEmpty()) {
                Map<Party, Payload> texts = new HashMap<>(apart);
                for (Party handler : sight.handlers()) {
                    Payload text = content.texts().get(handler);
                    if (text != null) {
                        texts.put(handler, text);
                    }
                }
                content = new Content(
                        content.sender(),
                        content.to(),
                        content.body(),
                        content.bodyToHandlers(),
                        texts,
                        content.headers());
            }
            return new Entry(position, Positions.instant(position), read.dispatch(), content);
        }
    }

    /** What a script found. */
    private record Found(View view, boolean cut, List<Draft> drafts) {
        static Found of(List<?> reply) {
            View view = View.of(reply);
            List<Draft> drafts = new ArrayList<>();
            if (view.known) {
                ((List<?>) reply.get(5)).forEach(entry -> drafts.add(Draft.of((List<?>) entry)));
            }
            return new Found(view, view.known && Replies.number(reply.get(4)) == 1, drafts);
        }
    }

    /**
     * Adds the texts that are kept apart and belong to one of the readers. Whoever trims says so before it removes them; so this
     * asks after it has read them, and answers what is trimmed by then.
     */
    private long texts(Reading reading, List<Draft> drafts) {
        Set<Party> handlers = reading.sight.handlers();
        List<Draft> with =
                drafts.stream().filter(draft -> draft.read.mark() != null).toList();
        if (handlers.isEmpty() || with.isEmpty()) {
            return 0;
        }
        List<Party> owners = List.copyOf(handlers);
        List<Call> calls = new ArrayList<>();
        for (Draft draft : with) {
            byte[] mark = draft.read.mark();
            if (mark != null) {
                Call call =
                        Call.of(reading.scope.shard(), Protocol.Command.HMGET).key(keys.of(reading.scope, "x:", mark));
                owners.forEach(owner -> call.arg(Contents.owner(owner)));
                calls.add(call);
            }
        }
        List<Outcome> outcomes = shards.all("read", false, calls);
        for (int i = 0; i < with.size(); i++) {
            List<?> texts = outcomes.get(i).list();
            for (int t = 0; t < owners.size(); t++) {
                byte @Nullable [] text = (byte[]) texts.get(t);
                if (text != null) {
                    with.get(i).apart.put(owners.get(t), Payload.wrap(text));
                }
            }
        }
        Object trimmed = shards.one(
                        "read",
                        false,
                        Call.of(reading.scope.shard(), Protocol.Command.HGET)
                                .key(keys.of(reading.scope, "m:"))
                                .arg("t"))
                .value();
        return trimmed == null ? 0 : Positions.of((byte[]) trimmed);
    }
}
