package dev.moitessier.examples;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.Dispatched;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.memory.MemoryStore;
import java.util.Map;

/** One listener on several scopes; dispatches to several, to all under a prefix, to those that match. */
public final class Scopes {
    private Scopes() {}

    public static void main(String... args) {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                Listener three = moitessier.listen(Conditions.shared(Person.of("ada"), "room/1", "room/2", "lobby"))) {
            // snippet: scopes
            Dispatch fromJanitor = Dispatch.from(Person.of("janitor"));
            Dispatch closing =
                    fromJanitor.toScopesUnder("room/").text("closing at ten").id(Dispatch.idOf("closing-2026-11-22"));
            Dispatched done;
            try {
                done = moitessier.dispatch(closing);
            } catch (StoreException failure) {
                if (!failure.retryable()) {
                    throw failure;
                }
                done = moitessier.dispatch(closing); // same id: only what is missing
            }
            moitessier.dispatch(fromJanitor
                    .toScopesUnder("room/", scope -> !scope.endsWith("/1"))
                    .text("not you, 1"));
            moitessier.dispatch(fromJanitor.to("lobby", "nowhere").bytes(new byte[] {1, 2}));
            // end
            System.out.println("closing: " + done.entries().size() + " rooms");
            System.out.println("again: all known? "
                    + moitessier.dispatch(closing).entries().stream().allMatch(Dispatched.Entry::duplicate));
            for (String scope : three.scopes()) {
                long heard = three.messages(Since.leftOff(), 10).stream()
                        .filter(message -> message.scope().equals(scope))
                        .count();
                System.out.println(scope + ": " + heard);
            }
            // snippet: positions
            long closedAt = done.entries().get(0).position().orElseThrow();
            String first = done.entries().get(0).scope();
            System.out.println("after closing, in " + first + ": "
                    + three.messages(Since.positions(Map.of(first, closedAt)), 100).stream()
                            .filter(message -> message.scope().equals(first))
                            .count());
            // end
        }
    }
}
