package dev.moitessier.store.postgres;

import dev.moitessier.store.Appended;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * What this process knows of a scope to which it alone seems to append: after a few appends in a row, the next is announced in the
 * scope's row, and those that follow take the positions after it without touching the row, until a little later one is announced
 * again. Whoever else wants to change anything that an append depends on finds the announcement and puts up a fence ({@link Fences}).
 * What lies in between is bound to one connection: after a failover the server may not know of the announcement.
 *
 * <p>Used by one thread at a time, which has taken it from {@link Solos}.
 */
final class Solo {
    /** How long after the announcement the last of its appends is written, by the server's clock. */
    static final Duration PHASE = Duration.ofMinutes(1);

    static final long PHASE_MICROS = TimeUnit.NANOSECONDS.toMicros(PHASE.toNanos());
    private static final long PHASE_NANOS = PHASE.toNanos();
    /** Appends of one announcement: so many entries a reader may have to look at to know the head. */
    static final int MOST = 64;
    /** Not to be announced for so long after somebody else has been here; twice as long each time that no announcement has lasted. */
    private static final long FIRST_PAUSE = TimeUnit.SECONDS.toNanos(5);

    private static final long LONGEST_PAUSE = TimeUnit.MINUTES.toNanos(10);
    /** Appends in a row over one connection, of which the last is announced. */
    private static final int STREAK = 3;
    /** Between two of them. */
    private static final long SOON = TimeUnit.SECONDS.toNanos(5);

    private final String scope;
    private int streak;
    private long lastAt = System.nanoTime();
    private long pause = FIRST_PAUSE;
    private long notBefore = lastAt;

    private boolean announced;
    private WeakReference<@Nullable PgConnection> connection = new WeakReference<>(null);
    private long until;
    private long scopeId;
    private long base;
    private long last;
    private long membersVersion;

    Solo(String scope) {
        this.scope = scope;
    }

    String scope() {
        return scope;
    }

    /** Whether the next append over this connection can do without the scope's row. */
    boolean isOn(PgConnection over) {
        return announced && last - base < MOST && until - System.nanoTime() > 0 && connection.refersTo(over);
    }

    /** Whether an append that takes the scope's row, over this connection, is to announce others. */
    boolean isDue(PgConnection over) {
        long now = System.nanoTime();
        streak = now - lastAt > SOON || !connection.refersTo(over) ? 1 : streak + 1;
        lastAt = now;
        connection = new WeakReference<>(over);
        return streak >= STREAK && notBefore - now <= 0;
    }

    void announced(long began, long id, Appended.Stored first) {
        if (announced) {
            pause = FIRST_PAUSE;
        }
        announced = true;
        until = began + PHASE_NANOS;
        scopeId = id;
        base = first.position();
        last = base;
        membersVersion = first.membersVersion();
    }

    /** The position at which it was announced, by which the scope's row tells whether it still holds; 0: it is not. */
    long base() {
        return announced ? base : 0;
    }

    /** The position of the last append beside the row; 0: there is none. */
    long lastIfAnnounced() {
        return announced ? last : 0;
    }

    /** The head that the scope's row has if nobody else has appended since. */
    long head() {
        return announced ? base : last;
    }

    long scopeId() {
        return scopeId;
    }

    /** The position of the last append. */
    long last() {
        return last;
    }

    /** By the server's clock: no append of this announcement is written then, or later. */
    long deadline() {
        return base + PHASE_MICROS;
    }

    /** The next position is taken. */
    Appended.Stored next() {
        lastAt = System.nanoTime();
        last++;
        return new Appended.Stored(last, membersVersion, false);
    }

    /** An append has taken the scope's row, and announced nothing. */
    void over(Appended.Stored stored) {
        announced = false;
        last = stored.position();
    }

    /** Somebody else has been here, or it is not known what happened. */
    void lost() {
        if (announced) {
            notBefore = System.nanoTime() + pause;
            pause = Math.min(2 * pause, LONGEST_PAUSE);
        }
        announced = false;
        streak = 0;
    }
}
