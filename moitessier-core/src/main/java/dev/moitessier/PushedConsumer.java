package dev.moitessier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A consumer that holds a thread only while it has something to do. It runs at most once at a time. */
abstract class PushedConsumer extends Feed.Consumer implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Moitessier.class);

    PushedConsumer(Listener listener, ListenOptions options) {
        super(listener, options);
    }

    /** No longer the feed's consumer; nothing of it runs any more. */
    abstract void release();

    /** Has it run: on the thread that has just read for it, or on the executor. */
    final void submit() {
        if (!feed.engine.keeps(this)) {
            execute();
        }
    }

    final void execute() {
        try {
            feed.engine.node.executor().execute(this);
        } catch (RuntimeException refused) {
            LOG.warn("the executor refuses to run a responder, so its listening ends: {}", feed, refused);
            end(refused);
            release();
        }
    }
}
