package dev.moitessier.examples;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.memory.MemoryStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** Many dispatches without waiting for each; what is in flight is bounded, and a flush waits for all of it. */
public final class Million {
    private static final int METERS = 100;

    private Million() {}

    /** Dispatches as many readings as the first argument says; a million if there is none. */
    public static void main(String... args) throws InterruptedException {
        int readings = args.length > 0 ? Integer.parseInt(args[0]) : 1_000_000;
        try (Moitessier moitessier = Moitessier.on(new MemoryStore())) {
            List<Listener> meters = new ArrayList<>();
            for (int i = 0; i < METERS; i++) {
                meters.add(moitessier.listen(Conditions.shared(Person.of("board"), "meter/" + i)));
            }
            // snippet: async
            LongAdder failed = new LongAdder();
            Dispatch draft = Dispatch.from(Person.of("meter"));
            for (int i = 0; i < readings; i++) {
                var unused = moitessier
                        .dispatchAsync(draft.to("meter/" + i % METERS).text("reading " + i))
                        .whenComplete((dispatched, failure) -> {
                            if (failure != null) {
                                failed.increment();
                            }
                        });
            }
            moitessier.flush();
            // end
            System.out.println(readings + " readings of " + meters.size() + " meters, " + failed.sum() + " failed");
        }
    }
}
