package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One scope has a light statement of its own, which must answer as the one for many does. */
final class ReadsTest {
    private Scratch scratch;
    private PostgresStore store;
    private long start;

    @BeforeEach
    void store() throws Exception {
        scratch = new Scratch();
        store = scratch.store();
        start = Scratch.hear(store, "room").start();
    }

    @AfterEach
    void drop() throws Exception {
        scratch.close();
    }

    private static ReadRequest request(String scope, long after, int entries) {
        return new ReadRequest(scope, after, entries, false, Set.of(Scratch.shared(scope)));
    }

    private List<String> said(int count) {
        List<String> said = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            said.add("message number " + (1_000 + i));
            Scratch.stored(store, Scratch.say("room", said.get(i)));
        }
        return said;
    }

    /** Alone by the light statement, in company by the other. */
    private Page alikeAloneAndInCompany(long after, int entries, int maxBytes) {
        Page alone =
                store.read(List.of(request("room", after, entries)), maxBytes).get(0);
        Page inCompany = store.read(List.of(request("room", after, entries), request("other", 0, 1)), maxBytes)
                .get(0);
        assertThat(alone).isEqualTo(inCompany);
        return alone;
    }

    @Test
    void fewEntriesAreCutAtTheBytes() {
        List<String> said = said(3);
        int one = said.get(0).length();
        for (int maxBytes : new int[] {1, one, one + 1, 2 * one, 10 * one, 1 << 20}) {
            Page page = alikeAloneAndInCompany(start, 100, maxBytes);
            assertThat(page.entries()).hasSize(Math.max(1, Math.min(3, maxBytes / one)));
        }
    }

    @Test
    void readingGoesOnFromEveryCursorWithEverySize() {
        List<String> said = said(20);
        for (int entries : new int[] {1, 3, 8, 9, 100}) {
            List<String> read = new ArrayList<>();
            Page page = alikeAloneAndInCompany(start, entries, 1 << 20);
            while (!page.entries().isEmpty()) {
                page.entries().forEach(entry -> read.add(Scratch.text(entry)));
                page = alikeAloneAndInCompany(page.next(), entries, 1 << 20);
            }
            assertThat(read).isEqualTo(said);
        }
        for (long after : new long[] {Long.MIN_VALUE, -1, 0, 1, start - 86_400_000_000L, Long.MAX_VALUE}) {
            alikeAloneAndInCompany(after, 5, 1 << 20);
        }
    }
}
