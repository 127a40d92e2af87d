package dev.moitessier.store.redis;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.Watch;
import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Wake-ups. Within the process they are direct; to others the script that appends publishes them in the same step, on a channel of
 * the scope, so that each process hears of its own scopes alone. A hint may be lost with its connection; then everything is looked
 * at when it is back, and the reader's next poll finds the entry anyway (W1). What is appended to again and again is published by
 * {@link Repeats}.
 */
final class Hints implements Channels.Receiver {
    private static final byte[] NOTHING = {};

    private final @Nullable Channels channels;
    private final @Nullable Repeats repeats;
    private final Set<LocalWatch> watches = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** @param channels null: readers poll */
    Hints(Shards shards, @Nullable Channels channels) {
        this.channels = channels;
        repeats = channels == null ? null : new Repeats(shards, channels);
        if (channels != null) {
            channels.receiver(Channels.Kind.HINT, this);
        }
    }

    /** Adds the arguments to a script that let it publish. */
    Call tell(Call call) {
        return channels == null
                ? call.arg("").arg("")
                : call.arg(channels.publish()).arg(channels.origin());
    }

    /** Adds the command alone, or nothing. */
    Call tellCommand(Call call) {
        return call.arg(channels == null ? "" : channels.publish());
    }

    /** What this process calls itself in its hints. */
    byte[] origin() {
        return channels == null ? NOTHING : channels.origin();
    }

    /**
     * Whether an append to this scope publishes with the script; if not, {@link #later} is called once it is readable.
     *
     * @param alone nothing else is in the call: there is little to do, and readers need not wait
     */
    boolean tellsNow(Scope scope, boolean alone) {
        return repeats != null && (repeats.first(scope) || alone);
    }

    /** Entries of these scopes are readable, or may be, and no script has published it. */
    void later(Collection<String> scopes) {
        if (repeats != null) {
            repeats.later(scopes);
        }
    }

    Watch watch(HintSink sink) {
        LocalWatch watch = new LocalWatch(sink, this);
        watches.add(watch);
        if (closed) {
            watch.close();
            throw new StoreException.Closed(false);
        }
        return watch;
    }

    /** Entries of these scopes are readable, or may be. */
    void readable(Collection<String> scopes) {
        for (LocalWatch watch : watches) {
            scopes.forEach(watch::hint);
        }
    }

    void want(String scope, LocalWatch watch) {
        if (channels == null) {
            Threads.run(() -> watch.hint(scope));
        } else {
            channels.want(Channels.Kind.HINT, scope, () -> watch.hint(scope));
        }
    }

    void release(String scope) {
        if (channels != null) {
            channels.release(Channels.Kind.HINT, scope);
        }
    }

    void ended(LocalWatch watch) {
        watches.remove(watch);
    }

    @Override
    public void effective(String scope) {
        readable(Set.of(scope));
    }

    @Override
    public void received(String scope, byte[] payload) {
        if (channels != null && !Arrays.equals(payload, channels.origin())) {
            readable(Set.of(scope));
        }
    }

    @Override
    public void connected() {
        watches.forEach(LocalWatch::hintAll);
    }

    void close() {
        closed = true;
        watches.forEach(LocalWatch::close);
        if (repeats != null) {
            repeats.close();
        }
    }
}
