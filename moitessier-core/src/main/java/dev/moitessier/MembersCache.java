package dev.moitessier;

import dev.moitessier.store.Appender;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Members;
import dev.moitessier.store.Party;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Handler listeners by scope, as of a version. What is here may be old: whoever uses it appends on condition that the version
 * still holds (M2). The least recently used scopes go first, and a scope with very many handler listeners is not kept.
 */
final class MembersCache {
    private static final int MOST_RECIPIENTS = 100_000;
    private static final int PER_SCOPE = 10; // what an entry weighs beside its recipients

    /** The handler listeners of a scope by owner, which names them (one mailbox per scope, person and client). */
    record Handlers(long version, Map<Party, Recipient> byOwner) {
        int weight() {
            return PER_SCOPE + byOwner.size();
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<String, Handlers> byScope = new LinkedHashMap<>(16, 0.75f, true);
    private int weight;

    @Nullable
    Handlers get(String scope) {
        lock.lock();
        try {
            return byScope.get(scope);
        } finally {
            lock.unlock();
        }
    }

    /** Asks the store, and remembers. */
    Handlers read(String scope, Appender store) {
        Handlers handlers = handlers(store.members(scope, null));
        lock.lock();
        try {
            forget(scope);
            if (handlers.weight() <= MOST_RECIPIENTS / 2) {
                byScope.put(scope, handlers);
                weight += handlers.weight();
                makeRoom();
            }
        } finally {
            lock.unlock();
        }
        return handlers;
    }

    static Handlers handlers(Members members) {
        Map<Party, Recipient> byOwner = new LinkedHashMap<>();
        for (ListenerRef mailbox : members.starts().keySet()) {
            Party owner = mailbox.owner();
            if (mailbox.type() == ListenerType.HANDLER && owner != null) {
                byOwner.put(owner, Recipient.of(mailbox));
            }
        }
        return new Handlers(members.version(), byOwner);
    }

    private void forget(String scope) {
        Handlers old = byScope.remove(scope);
        if (old != null) {
            weight -= old.weight();
        }
    }

    private void makeRoom() {
        Iterator<Handlers> eldest = byScope.values().iterator();
        while (weight > MOST_RECIPIENTS && eldest.hasNext()) {
            weight -= eldest.next().weight();
            eldest.remove();
        }
    }
}
