package dev.moitessier.store.memory;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.Watch;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who wants hints for which scope. An append hints after it has let go of the scope's lock, on its own thread. */
final class Watches {
    private static final Logger log = LoggerFactory.getLogger(MemoryStore.class);

    /** The arrays are never written to; most scopes share the array of their only watch (W5). */
    private final ConcurrentHashMap<String, Hints[]> byScope = new ConcurrentHashMap<>();

    Watch open(HintSink sink, Consumer<Watch> onClose) {
        return new Hints(sink, onClose);
    }

    void hint(String scope) {
        Hints[] watching = byScope.get(scope);
        if (watching != null) {
            for (Hints hints : watching) {
                hints.dirty(scope);
            }
        }
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
