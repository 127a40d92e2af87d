package dev.moitessier.store.memory;

import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the pages of one read out of what was copied under the scopes' locks, within its bytes (R2, R3). */
final class Reading {
    /** So many entries are looked at for a page at least, since a reader may see only few of them. */
    private static final int EXAMINED = 1_024;

    private final int maxBytes;
    private long bytes;
    private boolean empty = true;

    Reading(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** How many entries are needed to fill the page. */
    static int examines(ReadRequest request) {
        return request.newest() ? Integer.MAX_VALUE : Math.max(request.maxEntries(), EXAMINED);
    }

    Page page(ReadRequest request, Scope.@Nullable View view) {
        String scope = request.scope();
        if (view == null) {
            return new Page(scope, List.of(), 0, 0, 0, 0, false, request.after() > 0);
        }
        if (request.after() > view.head()) {
            return new Page(scope, List.of(), view.trimmed(), view.head(), view.trimmed(), view.version(), false, true);
        }
        long after = Math.max(0, request.after());
        return request.newest() ? newest(request, view, after) : following(request, view, after);
    }

    private Page following(ReadRequest request, Scope.View view, long after) {
        Sight sight = new Sight(request.readers());
        List<Entry> shown = new ArrayList<>();
        long next = Math.max(after, view.trimmed());
        boolean all = true;
        for (Entry entry : view.entries()) {
            if (sight.sees(entry.content())) {
                if (shown.size() == request.maxEntries() || !take(sight.shown(entry), shown)) {
                    all = false;
                    break;
                }
            }
            next = entry.position();
        }
        return page(request, view, shown, all && view.last() ? view.head() : next, after);
    }

    private Page newest(ReadRequest request, Scope.View view, long after) {
        Sight sight = new Sight(request.readers());
        List<Entry> seen = new ArrayList<>();
        Entry[] entries = view.entries();
        for (int i = entries.length - 1; i >= 0 && seen.size() < request.maxEntries(); i--) {
            if (sight.sees(entries[i].content())) {
                seen.add(sight.shown(entries[i]));
            }
        }
        Collections.reverse(seen);
        List<Entry> shown = new ArrayList<>();
        for (Entry entry : seen) {
            if (!take(entry, shown)) {
                return page(request, view, shown, entry.position() - 1, after);
            }
        }
        return page(request, view, shown, view.head(), after);
    }

    private static Page page(ReadRequest request, Scope.View view, List<Entry> shown, long next, long after) {
        boolean lossy = view.trimmed() > after;
        return new Page(request.scope(), shown, next, view.head(), view.trimmed(), view.version(), lossy, false);
    }

    /** Adds the entry if there are bytes left for it, or if it is the first of all pages. */
    private boolean take(Entry entry, List<Entry> shown) {
        long size = entry.content().size();
        if (!empty && bytes + size > maxBytes) {
            bytes = maxBytes; // what follows must not slip in before it
            return false;
        }
        empty = false;
        bytes += size;
        shown.add(entry);
        return true;
    }
}
