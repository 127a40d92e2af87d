package dev.moitessier.store.memory;

import dev.moitessier.store.Departed;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.parts.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One bounded piece of housekeeping (S1 to S5), in this order: sessions whose lease is over end, what ended sessions left behind
 * goes, durable subscribers lapse, scopes lose what their retention lets go. What it does not finish, the next one does.
 */
final class Sweep {
    /** A call looks at no more scopes than this, whatever its {@code work} (S3). */
    private static final int MOST_SCOPES = 65_536;

    private static final Duration A_DAY = Duration.ofDays(1);

    private final MemorySpace space;
    private final SweepPolicy policy;
    private final List<Departed> departed = new ArrayList<>();
    private long scopesTrimmed;
    private int work;

    private Sweep(MemorySpace space, SweepPolicy policy) {
        this.space = space;
        this.policy = policy;
        this.work = policy.work();
    }

    static Swept run(MemorySpace space, SweepPolicy policy) {
        return new Sweep(space, policy).run();
    }

    /** Removes or detaches all that an ended session left behind. */
    static void finish(MemorySpace space, Session session) {
        SweepPolicy all = new SweepPolicy(scope -> MemoryStore.ANY, Duration.ZERO, null, Integer.MAX_VALUE);
        new Sweep(space, all).finish(session);
    }

    private Swept run() {
        endSessions();
        finishEnded();
        lapse();
        tidyScopes();
        return new Swept(departed, scopesTrimmed, work == 0);
    }

    private void endSessions() {
        Instant forgotten = Times.minus(space.now(), MemoryStore.MAX_REMEMBER);
        for (Session session : space.sessions()) {
            if (policy.endAsOf() != null && session.endIfLapsed(space.now(), policy.endAsOf())) {
                space.ending().add(session);
            } else if (session.isForgettable(forgotten)) {
                space.forget(session);
            }
        }
    }

    private void finishEnded() {
        Session session;
        while (work > 0 && (session = space.ending().poll()) != null) {
            finish(session);
        }
    }

    private void finish(Session session) {
        boolean finished = false;
        try {
            Subscriber subscriber;
            while ((subscriber = session.any()) != null) {
                if (work == 0) {
                    return;
                }
                end(subscriber, session);
            }
            finished = true;
        } finally {
            if (!finished) {
                space.ending().add(session);
            }
        }
    }

    private void end(Subscriber subscriber, Session session) {
        Scope scope = subscriber.scope;
        if (!scope.enter()) {
            return; // dropped, so somebody else has removed the subscriber
        }
        @Nullable Departed one;
        try {
            one = scope.endOfSession(subscriber, session);
        } finally {
            scope.exit();
        }
        if (one != null) {
            departed.add(one);
            work--;
        }
    }

    private void lapse() {
        Instant now = space.now();
        Away away;
        while (work > 0 && (away = space.firstAway()) != null && !away.due.isAfter(now)) {
            Scope scope = away.subscriber.scope;
            if (scope.enter()) {
                try {
                    work -= scope.lapse(away, now) ? 1 : 0;
                } finally {
                    scope.exit();
                }
            }
        }
    }

    private void tidyScopes() {
        Instant now = space.now();
        Instant before =
                Times.minus(now, policy.longest().plus(MemoryStore.MAX_REMEMBER).plus(A_DAY));
        int looks = Math.min(space.listedCount(), MOST_SCOPES);
        Scope scope;
        while (looks-- > 0 && work > 0 && (scope = space.unlist()) != null) {
            tidy(scope, now, before);
        }
    }

    private void tidy(Scope scope, Instant now, Instant before) {
        boolean stays = true;
        boolean retired = false;
        try {
            var retention = policy.retention().apply(scope.name);
            if (!scope.enter()) {
                stays = false;
                return;
            }
            try {
                int trimmed = scope.trim(retention, now, work);
                work -= trimmed;
                scopesTrimmed += trimmed > 0 ? 1 : 0;
                scope.forget(now);
                retired = scope.retire(before);
                stays = !retired && scope.staysListed();
            } finally {
                scope.exit();
            }
        } finally {
            if (stays) {
                space.list(scope);
            }
            if (retired) {
                space.forget(scope);
            }
        }
    }
}
