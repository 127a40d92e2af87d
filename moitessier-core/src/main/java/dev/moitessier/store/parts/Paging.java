package dev.moitessier.store.parts;

import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes the pages of one call of {@link dev.moitessier.store.MailboxStore#read} within its bytes (O4, C1, C2, V3, R2 to R4). The
 * store brings what it found of a scope in one snapshot; one {@code Paging} serves one call, and one thread.
 */
public final class Paging {
    /** So many entries are looked at for a page at least, since a reader may see only few of them. */
    private static final int EXAMINED = 1_024;

    private final int maxBytes;
    private long bytes;
    private boolean empty = true;

    /** @param maxBytes bound on all pages together; the first entry of all is returned whatever its size */
    public Paging(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** How many entries are looked at for this page at most. */
    public static int examines(ReadRequest request) {
        return request.newest() ? Integer.MAX_VALUE : Math.max(request.maxEntries(), EXAMINED);
    }

    /** Entries one after the other; null: there are no more. */
    @FunctionalInterface
    public interface Entries<X extends Exception> {
        /** The next one. */
        @Nullable
        Entry next() throws X;
    }

    /** The page of a scope that the store does not know (R4). */
    public Page unknown(ReadRequest request) {
        return new Page(request.scope(), List.of(), 0, 0, 0, 0, false, request.after() > 0);
    }

    /**
     * The page of a scope.
     *
     * @param trimmed nothing at or below it is returned
     * @param entries all that the scope has after {@code max(request.after(), trimmed)}, texts included: ascending, or from the head
     *     down if the request is for the newest. Taken only as far as the page needs, and not at all if there can be none; it may
     *     end early, after {@link #examines} entries
     */
    public <X extends Exception> Page page(
            ReadRequest request, long head, long trimmed, long membersVersion, Entries<X> entries) throws X {
        String scope = request.scope();
        if (request.after() > head) {
            return new Page(scope, List.of(), trimmed, head, trimmed, membersVersion, false, true);
        }
        long after = Math.max(0, request.after());
        List<Entry> shown = new ArrayList<>();
        long next = head;
        if (after < head) {
            next = request.newest()
                    ? newest(request, head, entries, shown)
                    : following(request, head, Math.max(after, trimmed), entries, shown);
        }
        return new Page(scope, shown, next, head, trimmed, membersVersion, trimmed > after, false);
    }

    /** Answers the last position examined. */
    private <X extends Exception> long following(
            ReadRequest request, long head, long from, Entries<X> entries, List<Entry> shown) throws X {
        Sight sight = new Sight(request.readers());
        long next = from;
        for (int left = examines(request); left > 0; left--) {
            Entry entry = entries.next();
            if (entry == null) {
                return head;
            }
            if (sight.sees(entry.content())
                    && (shown.size() == request.maxEntries() || !take(sight.shown(entry), shown))) {
                return next;
            }
            next = entry.position();
        }
        return next;
    }

    private <X extends Exception> long newest(ReadRequest request, long head, Entries<X> entries, List<Entry> shown)
            throws X {
        Sight sight = new Sight(request.readers());
        List<Entry> seen = new ArrayList<>();
        while (seen.size() < request.maxEntries()) {
            Entry entry = entries.next();
            if (entry == null) {
                break;
            }
            if (sight.sees(entry.content())) {
                seen.add(sight.shown(entry));
            }
        }
        Collections.reverse(seen);
        for (Entry entry : seen) {
            if (!take(entry, shown)) {
                return entry.position() - 1;
            }
        }
        return head;
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
