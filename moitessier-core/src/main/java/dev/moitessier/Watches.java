package dev.moitessier;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Watch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The store's hints for the scopes that somebody here reads (W1 to W5). A hint only marks a scope; who reads is the engine. */
final class Watches implements HintSink {
    private final Engine engine;
    private final AtomicReference<@Nullable Watch> watch = new AtomicReference<>();

    Watches(Engine engine) {
        this.engine = engine;
    }

    void open(MailboxStore store) {
        watch.set(store.watch(this));
    }

    /** Before the first read, so that nothing falls between the two. */
    void add(LocalScope scope) {
        Watch open = watch.get();
        if (open != null) {
            open.add(scope.name);
        }
    }

    void remove(LocalScope scope) {
        Watch open = watch.get();
        if (open != null) {
            open.remove(scope.name);
        }
    }

    @Override
    public void dirty(String scope) {
        engine.hinted(scope);
    }

    @Override
    public void allDirty() {
        engine.allHinted();
    }

    void close() {
        Watch open = watch.getAndSet(null);
        if (open != null) {
            open.close();
        }
    }
}
