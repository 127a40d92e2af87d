package dev.moitessier;

import java.lang.ref.Cleaner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds listeners that were forgotten: neither closed nor listened to, and out of reach. Says so once and closes them. */
final class Leaks {
    private static final Logger LOG = LoggerFactory.getLogger(Moitessier.class);
    private static final Cleaner CLEANER = Cleaner.create(Threads.daemons("moitessier-leaks"));

    private Leaks() {}

    static Cleaner.Cleanable watch(Listener listener, Feed feed) {
        return CLEANER.register(listener, () -> forgotten(feed));
    }

    private static void forgotten(Feed feed) {
        if (feed.close()) {
            LOG.warn("a listener was neither closed nor left, and is now closed: {}", feed);
            feed.engine.onStoreThread(feed::goAway);
        }
    }
}
