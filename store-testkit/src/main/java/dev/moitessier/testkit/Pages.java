package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.ReadRequest;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** What holds for every page that a store ever returns, and who may see an entry. */
final class Pages {
    private Pages() {}

    static void check(ReadRequest request, Page page) {
        assertThat(page.scope()).as("the page's scope").isEqualTo(request.scope());
        String about = "page of " + request.scope() + " after " + request.after() + ": " + shown(page);
        assertThat(page.entries().size())
                .as("O4: at most maxEntries; %s", about)
                .isLessThanOrEqualTo(request.maxEntries());
        if (page.reset()) {
            assertThat(request.after())
                    .as("C1: reset only past the head; %s", about)
                    .isGreaterThan(page.head());
            assertThat(page.entries())
                    .as("C1: a reset page is empty; %s", about)
                    .isEmpty();
            assertThat(page.next())
                    .as("C1: a reset page goes on at trimmed; %s", about)
                    .isEqualTo(page.trimmed());
            return;
        }
        assertThat(request.after())
                .as("C1: past the head without reset; %s", about)
                .isLessThanOrEqualTo(page.head());
        assertThat(page.next()).as("O4: next <= head; %s", about).isLessThanOrEqualTo(page.head());
        assertThat(page.next()).as("O4: after <= next; %s", about).isGreaterThanOrEqualTo(request.after());
        if (request.after() >= 0) {
            assertThat(page.lossy())
                    .as("C2: lossy iff trimmed > after; %s", about)
                    .isEqualTo(page.trimmed() > request.after());
        }
        long previous = Math.max(request.after(), page.trimmed());
        Set<Party> askedFor = request.readers().stream()
                .map(ListenerRef::owner)
                .filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .collect(Collectors.toSet());
        for (Entry entry : page.entries()) {
            assertThat(entry.position())
                    .as("O4, C2: entries ascend, after the cursor and after trimmed; %s", about)
                    .isGreaterThan(previous);
            assertThat(askedFor)
                    .as("R2: texts only of readers asked; %s", about)
                    .containsAll(entry.content().texts().keySet());
            previous = entry.position();
        }
        if (!page.entries().isEmpty()) {
            assertThat(page.next())
                    .as("O4: next is not before the last entry; %s", about)
                    .isGreaterThanOrEqualTo(previous);
        }
    }

    /** A3: whether this mailbox gets something of this content. */
    static boolean admits(ListenerRef reader, Content content) {
        Party owner = reader.owner();
        if (content.to() != null) {
            if (owner == null || !owner.person().equals(content.to().person())) {
                return false;
            }
            if (content.to().client() != null && !content.to().client().equals(owner.client())) {
                return false;
            }
        }
        if (reader.type() == ListenerType.HANDLER && owner != null) {
            return content.texts().containsKey(owner) || (content.bodyToHandlers() && content.body() != null);
        }
        return content.body() != null;
    }

    private static String shown(Page page) {
        return page.entries().size() + " entries "
                + page.entries().stream().limit(20).map(Entry::position).toList()
                + ", next " + page.next() + ", head " + page.head() + ", trimmed " + page.trimmed()
                + (page.lossy() ? ", lossy" : "") + (page.reset() ? ", reset" : "");
    }
}
