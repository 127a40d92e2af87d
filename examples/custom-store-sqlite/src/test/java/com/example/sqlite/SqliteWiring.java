package com.example.sqlite;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.testkit.MutableClock;
import dev.moitessier.testkit.StoreWiring;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Stores over one file in a directory of its own, in real time or on a clock that the tests move. */
final class SqliteWiring implements StoreWiring {
    /** Shorter than the default, since some tests wait for its end. */
    static final Duration CALL_LIMIT = Duration.ofSeconds(5);

    private final Path directory;
    private final @Nullable MutableClock clock;

    SqliteWiring(String namespace, @Nullable MutableClock clock) throws IOException {
        directory = Files.createTempDirectory("moitessier-sqlite-" + namespace);
        this.clock = clock;
    }

    @Override
    public MailboxStore open() {
        MutableClock moved = clock;
        return open(
                moved == null
                        ? Time.SYSTEM
                        : new Time(moved, () -> ChronoUnit.NANOS.between(Instant.EPOCH, moved.instant())));
    }

    private MailboxStore open(Time time) {
        return new SqliteStore(directory.resolve("store.db"), CALL_LIMIT, time);
    }

    @Override
    public Optional<MutableClock> clock() {
        return Optional.ofNullable(clock);
    }

    /** As in a container that shows its processes another time. */
    @Override
    public Optional<MailboxStore> openSkewed(Duration offset) {
        InstantSource skewed = () -> InstantSource.system().instant().plus(offset);
        return clock == null ? Optional.of(open(new Time(skewed, System::nanoTime))) : Optional.empty();
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                // A call that outlived its store may be closing the last connection, which removes SQLite's own files.
                Files.deleteIfExists(file);
            }
        }
    }
}
