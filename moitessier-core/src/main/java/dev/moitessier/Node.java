package dev.moitessier;

import dev.moitessier.store.Capabilities;
import dev.moitessier.store.MailboxStore;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** What the parts of one {@link Moitessier} share. */
record Node(
        MailboxStore store,
        Capabilities capabilities,
        TimeSource time,
        Executor executor,
        Observer observer,
        Settings settings) {
    /** Plain numbers, validated by the builder. */
    record Settings(
            Duration lease,
            Duration callTimeout,
            int inFlight,
            Moitessier.Overflow overflow,
            ListenOptions listenOptions,
            Duration keep,
            Supplier<Map<String, String>> headers) {}
}
