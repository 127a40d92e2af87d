package dev.moitessier.store.parts;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.Watch;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who wants hints for which scope in this process (W3, W4). A store calls {@link #hint} once an append is readable and holds no lock
 * then; how it learns of appends of other processes is its own affair. Thread-safe; a scope costs an entry in a map (W5).
 */
public final class Watches {
    private static final Logger log = LoggerFactory.getLogger(Watches.class);

    /** The arrays are never written to; most scopes share the array of their only watch (W5). */
    private final ConcurrentHashMap<String, Hints[]> byScope = new ConcurrentHashMap<>();

    /** For one store, or for all over one space. */
    public Watches() {}

    /**
     * A watch, which hints each scope as it is added: it is in effect at once.
     *
     * @param onClose told when it is closed
     */
    public Watch open(HintSink sink, Consumer<Watch> onClose) {
        return new Hints(sink, onClose);
    }

    /** Something was appended to this scope. */
    public void hint(String scope) {
        Hints[] watching = byScope.get(scope);
        if (watching != null) {
            for (Hints hints : watching) {
                hints.dirty(scope);
            }
        }
    }

    /** Something may have been appended to any scope: after an outage. */
    public void hintAll() {
        byScope.keySet().forEach(this::hint);
    }

    private final class Hints implements Watch {
        private final HintSink sink;
        private final Consumer<Watch> onClose;
        private final Gate gate = new Gate();
        private final Hints[] alone = {this};

        Hints(HintSink sink, Consumer<Watch> onClose) {
            this.sink = sink;
            this.onClose = onClose;
        }

        @Override
        public void add(String scope) {
            if (gate.isShut()) {
                return;
            }
            byScope.merge(scope, alone, Hints::join);
            if (gate.isShut()) { // closed meanwhile: its clearing may have missed this one
                remove(scope);
                return;
            }
            dirty(scope);
        }

        @Override
        public void remove(String scope) {
            byScope.computeIfPresent(scope, (name, watching) -> without(watching));
        }

        @Override
        public void close() {
            gate.shut();
            byScope.keySet().forEach(this::remove);
            onClose.accept(this);
        }

        void dirty(String scope) {
            if (!gate.enter()) {
                return;
            }
            try {
                sink.dirty(scope);
            } catch (RuntimeException e) {
                log.warn("A hint sink failed; the append that it was told of is not harmed", e);
            } finally {
                gate.leave();
            }
        }

        private static Hints[] join(Hints[] watching, Hints[] added) {
            if (Arrays.asList(watching).contains(added[0])) {
                return watching;
            }
            Hints[] joined = Arrays.copyOf(watching, watching.length + 1);
            joined[watching.length] = added[0];
            return joined;
        }

        private Hints @Nullable [] without(Hints[] watching) {
            Hints[] left =
                    Arrays.stream(watching).filter(hints -> hints != this).toArray(Hints[]::new);
            if (left.length == watching.length) {
                return watching;
            }
            return switch (left.length) {
                case 0 -> null;
                case 1 -> left[0].alone;
                default -> left;
            };
        }
    }
}
