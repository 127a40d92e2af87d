package dev.moitessier;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * When to look at a scope without a hint (W1). Without push: 50 ms after something came, doubling up to the listeners' interval. With
 * push: a slow safety net. A scope stands in one line at a time; those of equal pauses stand in one line, which is sorted by itself.
 */
final class Polling {
    static final int FIRST_MILLIS = 50;
    static final int SAFETY_NET_MILLIS = 15_000;

    /** Scopes that wait equally long, the next one first. */
    static final class Line {
        private @Nullable LocalScope first;
        private @Nullable LocalScope last;
    }

    private final Engine engine;
    private final TimeSource time;
    private final boolean push;

    // Guarded by this.
    private final Map<Integer, Line> lines = new HashMap<>();
    private TimeSource.@Nullable Timer timer;
    private long timerDue;
    private boolean closed;

    Polling(Engine engine, TimeSource time, boolean push) {
        this.engine = engine;
        this.time = time;
        this.push = push;
    }

    /** It has been read to its head. */
    void rest(LocalScope scope, boolean foundSomething) {
        int longest = scope.shortestPauseMillis(push);
        long now = time.nanos();
        synchronized (this) {
            if (closed) {
                return;
            }
            remove(scope);
            int pause = push
                    ? longest
                    : Math.min(
                            longest, foundSomething || scope.pauseMillis == 0 ? FIRST_MILLIS : 2 * scope.pauseMillis);
            scope.pauseMillis = pause;
            scope.due = now + pause * 1_000_000L;
            append(scope, lines.computeIfAbsent(pause, millis -> new Line()));
            if (timer == null || scope.due - timerDue < 0) {
                arm(scope.due, now);
            }
        }
    }

    /** Nobody reads it any more. */
    synchronized void forget(LocalScope scope) {
        remove(scope);
        scope.pauseMillis = 0;
    }

    synchronized void close() {
        closed = true;
        if (timer != null) {
            timer.cancel();
        }
    }

    private void fired() {
        long now = time.nanos();
        List<LocalScope> due = new ArrayList<>();
        synchronized (this) {
            timer = null;
            if (closed) {
                return;
            }
            long next = Long.MAX_VALUE;
            for (Line line : lines.values()) {
                for (LocalScope scope = line.first; scope != null && scope.due - now <= 0; scope = line.first) {
                    remove(scope);
                    due.add(scope);
                }
                if (line.first != null && (next == Long.MAX_VALUE || line.first.due - next < 0)) {
                    next = line.first.due;
                }
            }
            lines.values().removeIf(line -> line.first == null);
            if (next != Long.MAX_VALUE) {
                arm(next, now);
            }
        }
        engine.look(due);
    }

    private void arm(long due, long now) {
        if (timer != null) {
            timer.cancel();
        }
        timerDue = due;
        timer = time.after(Duration.ofNanos(Math.max(0, due - now)), this::fired);
    }

    private static void append(LocalScope scope, Line line) {
        scope.line = line;
        scope.previousPolled = line.last;
        if (line.last == null) {
            line.first = scope;
        } else {
            line.last.nextPolled = scope;
        }
        line.last = scope;
    }

    private static void remove(LocalScope scope) {
        Line line = scope.line;
        if (line == null) {
            return;
        }
        LocalScope before = scope.previousPolled;
        LocalScope after = scope.nextPolled;
        if (before == null) {
            line.first = after;
        } else {
            before.nextPolled = after;
        }
        if (after == null) {
            line.last = before;
        } else {
            after.previousPolled = before;
        }
        scope.line = null;
        scope.previousPolled = null;
        scope.nextPolled = null;
    }
}
