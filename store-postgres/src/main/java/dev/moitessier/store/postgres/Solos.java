package dev.moitessier.store.postgres;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The scopes to which this process has appended lately. Each is in the hands of one thread at a time. */
final class Solos {
    /** What was used longest ago is forgotten; if it was announced, the next append there has to put up a fence first. */
    private static final int MOST = 32_768;

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<String> taken = new HashSet<>();
    private final Map<String, Solo> solos = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Solo> eldest) {
            return size() > MOST;
        }
    };

    /** Null: another thread has it. */
    @Nullable
    Solo take(String scope) {
        lock.lock();
        try {
            return taken.add(scope) ? solos.computeIfAbsent(scope, Solo::new) : null;
        } finally {
            lock.unlock();
        }
    }

    /** This process appends to it in another way. */
    void lose(String scope) {
        lock.lock();
        try {
            Solo solo = taken.contains(scope) ? null : solos.get(scope);
            if (solo != null) {
                solo.lost();
            }
        } finally {
            lock.unlock();
        }
    }

    void giveBack(Solo solo) {
        lock.lock();
        try {
            taken.remove(solo.scope());
        } finally {
            lock.unlock();
        }
    }
}
