package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.parts.Sight;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Pages, without queries and without transactions: positions follow each other without a gap, so the keys of entries are known.
 *
 * <ol>
 *   <li>One lookup brings the entities of up to 1,000 scopes. What is caught up costs no more.
 *   <li>Further lookups bring the entries up to the heads found, which were all there at that moment (O2).
 *   <li>An entry that is missing was removed since, after {@code trimmed} was raised: then the scope is looked at again (C2).
 * </ol>
 */
final class Reads {
    /** Entries of the first lookup for a page: how large they are is not known yet. */
    private static final int FIRST_ENTRIES = 32;
    /** Bytes that one lookup should bring at most. */
    private static final long LOOKUP_BYTES = 4 << 20;
    /** Entries of one lookup while looking for the place of an instant. */
    private static final int PROBES = 16;

    private final Calls calls;
    private final Datastore datastore;
    private final Keys keys;
    private final Clocks clocks;
    private final Log log;

    Reads(Calls calls, Keys keys, Clocks clocks, Log log) {
        this.calls = calls;
        this.datastore = calls.datastore();
        this.keys = keys;
        this.clocks = clocks;
        this.log = log;
    }

    List<Page> read(List<ReadRequest> requests, int maxBytes) {
        if (requests.isEmpty()) {
            calls.ensureMayStart();
            return List.of();
        }
        return calls.call("read", call -> {
            Map<String, ScopeState> states =
                    states(call, requests.stream().map(ReadRequest::scope).toList());
            Budget budget = new Budget(maxBytes);
            List<Page> pages = new ArrayList<>(requests.size());
            for (ReadRequest request : requests) {
                pages.add(page(call, request, states.get(request.scope()), budget));
            }
            return pages;
        });
    }

    /** The scopes that there are of these. */
    Map<String, ScopeState> states(Call call, List<String> scopes) {
        List<String> names = scopes.stream().distinct().toList();
        Map<String, ScopeState> states = new HashMap<>();
        for (int from = 0; from < names.size(); from += Mailboxes.MOST_KEYS) {
            List<String> some = names.subList(from, Math.min(names.size(), from + Mailboxes.MOST_KEYS));
            List<Entity> found = fetch(call, some.stream().map(keys::scope).toList());
            for (int i = 0; i < some.size(); i++) {
                ScopeState state = ScopeState.of(found.get(i));
                if (state != null) {
                    states.put(some.get(i), state);
                }
            }
        }
        return states;
    }

    private List<Entity> fetch(Call call, List<Key> wanted) {
        call.proceed();
        return calls.reading(call, () -> datastore.fetch(wanted.toArray(Key[]::new)));
    }

    /** The bytes of one call, over all its pages (R3). */
    private static final class Budget {
        private final long maxBytes;
        private long used;
        private boolean empty = true;

        Budget(int maxBytes) {
            this.maxBytes = maxBytes;
        }

        /** Whether there is room; the first of all has it. */
        boolean takes(Entry entry) {
            long size = entry.content().size();
            if (!empty && used + size > maxBytes) {
                used = maxBytes; // what follows must not slip in before it
                return false;
            }
            empty = false;
            used += size;
            return true;
        }

        boolean isUsedUp() {
            return !empty && used >= maxBytes;
        }
    }

    private Page page(Call call, ReadRequest request, @Nullable ScopeState state, Budget budget) {
        String scope = request.scope();
        if (state == null) {
            return new Page(scope, List.of(), 0, 0, 0, 0, false, request.after() > 0);
        }
        if (request.after() > state.head()) {
            return new Page(
                    scope, List.of(), state.trimmed(), state.head(), state.trimmed(), state.version(), false, true);
        }
        if (state.head() == Math.max(request.after(), state.floor())) {
            return page(request, state, List.of(), state.head(), state.trimmed());
        }
        Look look = new Look(call, request, state, budget);
        return request.newest() ? look.newest() : look.following();
    }

    private static Page page(ReadRequest request, ScopeState state, List<Entry> entries, long next, long trimmed) {
        boolean lossy = trimmed > Math.max(0, request.after());
        return new Page(request.scope(), entries, next, state.head(), trimmed, state.version(), lossy, false);
    }

    /** One page in the making. */
    private final class Look {
        private final Call call;
        private final ReadRequest request;
        private final ScopeState state;
        private final Budget budget;
        private final Sight sight;
        private final List<Entry> shown = new ArrayList<>();
        /** At or below nothing is shown: trimmed at the moment of the page, or gone since. */
        private long trimmed;

        private long looked;
        private long bytes;

        Look(Call call, ReadRequest request, ScopeState state, Budget budget) {
            this.call = call;
            this.request = request;
            this.state = state;
            this.budget = budget;
            sight = new Sight(request.readers());
            trimmed = state.trimmed();
        }

        Page following() {
            long next = Math.max(request.after(), state.floor());
            while (next < state.head() && shown.size() < request.maxEntries() && !budget.isUsedUp()) {
                long to = Math.min(state.head(), next + atOnce(request.maxEntries() - shown.size()));
                for (Entry entry : entries(next, to)) {
                    if (entry.position() <= trimmed) {
                        continue;
                    }
                    if (!budget.takes(entry)) {
                        return page(entry.position() - 1);
                    }
                    shown.add(sight.shown(entry));
                }
                next = to;
            }
            return page(next);
        }

        /** Backwards from the head, until enough is found that the readers may see (V3). */
        Page newest() {
            List<Entry> seen = new ArrayList<>();
            long last = Math.max(request.after(), state.floor());
            long to = state.head();
            long found = 0;
            while (to > last && seen.size() < request.maxEntries() && found <= budget.maxBytes) {
                long from = Math.max(last, to - atOnce(Math.max(FIRST_ENTRIES, request.maxEntries() - seen.size())));
                List<Entry> entries = new ArrayList<>(entries(from, to));
                Collections.reverse(entries);
                for (Entry entry : entries) {
                    if (entry.position() > trimmed
                            && seen.size() < request.maxEntries()
                            && sight.sees(entry.content())) {
                        seen.add(sight.shown(entry));
                        found += entry.content().size();
                    }
                }
                last = Math.max(last, trimmed);
                to = from;
            }
            Collections.reverse(seen);
            for (Entry entry : seen) {
                if (!budget.takes(entry)) {
                    return page(entry.position() - 1);
                }
                shown.add(entry);
            }
            return page(state.head());
        }

        private Page page(long next) {
            shown.removeIf(entry -> entry.position() <= trimmed);
            return Reads.page(request, state, shown, Math.min(state.head(), Math.max(next, trimmed)), trimmed);
        }

        private long atOnce(int wanted) {
            long fitting = looked == 0 ? FIRST_ENTRIES : Math.max(1, LOOKUP_BYTES / Math.max(1, bytes / looked));
            return Math.min(Math.min(wanted, fitting), Mailboxes.MOST_KEYS);
        }

        /** The entries after {@code from} up to {@code to}, raising {@link #trimmed} over what is not there any more. */
        private List<Entry> entries(long from, long to) {
            List<Key> wanted = new ArrayList<>();
            for (long position = from + 1; position <= to; position++) {
                wanted.add(keys.message(request.scope(), position));
            }
            List<Entity> found = fetch(call, wanted);
            Map<Key, Entity> parts = parts(found);
            long now = clocks.micros();
            List<Entry> entries = new ArrayList<>();
            boolean gone = false;
            for (int i = 0; i < found.size(); i++) {
                Entity entity = found.get(i);
                List<Entity> more = new ArrayList<>();
                boolean whole = entity != null && !log.expired(entity, now);
                if (whole) {
                    for (Key part : Log.parts(entity)) {
                        whole &= parts.containsKey(part);
                        more.add(parts.get(part));
                    }
                }
                if (whole) {
                    Entry entry = Log.entry(entity, more);
                    entries.add(entry);
                    looked++;
                    bytes += entry.content().size();
                } else {
                    gone = true;
                    trimmed = Math.max(trimmed, from + 1 + i);
                }
            }
            if (gone) {
                // Published before they went (S2); so much may be gone by now.
                ScopeState now2 = states(call, List.of(request.scope())).get(request.scope());
                trimmed = Math.max(trimmed, now2 == null ? 0 : Math.min(now2.trimmed(), state.head()));
            }
            return entries;
        }

        private Map<Key, Entity> parts(List<Entity> found) {
            List<Key> wanted = new ArrayList<>();
            for (Entity entity : found) {
                if (entity != null) {
                    wanted.addAll(Log.parts(entity));
                }
            }
            Map<Key, Entity> parts = new HashMap<>();
            if (!wanted.isEmpty()) {
                for (Entity part : fetch(call, wanted)) {
                    if (part != null) {
                        parts.put(part.getKey(), part);
                    }
                }
            }
            return parts;
        }
    }

    // Instants

    long position(String scope, Instant at) {
        return calls.call("find a position", call -> {
            ScopeState state = states(call, List.of(scope)).get(scope);
            return state == null
                    ? 0
                    : before(call, scope, state, Clocks.micros(at)).position();
        });
    }

    /**
     * The last entry before an instant, and the instant of the one after it.
     *
     * @param next {@link ScopeState#NONE}: there is none
     */
    record Place(long position, long next) {}

    /** Entries never go back in time, so this halves what is left, several times in one lookup. */
    Place before(Call call, String scope, ScopeState state, long micros) {
        if (state.head() == state.floor() || state.oldest() >= micros) {
            return new Place(state.floor(), state.oldest());
        }
        if (state.at() < micros) {
            return new Place(state.head(), ScopeState.NONE);
        }
        // low is before, or where everything begins; high is not before.
        long low = state.floor();
        long high = state.head();
        long next = state.at();
        while (high - low > 1) {
            long step = Math.max(1, (high - low) / (PROBES + 1));
            List<Long> probes = new ArrayList<>();
            for (long probe = low + step; probe < high && probes.size() < PROBES; probe += step) {
                probes.add(probe);
            }
            List<Entity> found = fetch(
                    call,
                    probes.stream().map(probe -> keys.message(scope, probe)).toList());
            for (int i = 0; i < probes.size(); i++) {
                Entity entity = found.get(i);
                // What is gone was older than all that is there.
                if (entity == null || Values.micros(entity, "at") < micros) {
                    low = probes.get(i);
                } else {
                    high = probes.get(i);
                    next = Values.micros(entity, "at");
                    break;
                }
            }
        }
        return new Place(low, next);
    }

    /** Microseconds of the entry after {@code position}; {@link ScopeState#NONE}: there was none. */
    long instantAfter(Call call, String scope, ScopeState state, long position) {
        if (position >= state.head()) {
            return ScopeState.NONE;
        }
        Entity entity = fetch(call, List.of(keys.message(scope, position + 1))).get(0);
        return entity == null ? state.oldest() : Values.micros(entity, "at");
    }
}
