package dev.moitessier.prscd;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Logs that the nodes of one test share: what a store does when nothing goes wrong. */
final class SharedStore {
    private final Map<String, Scope> scopes = new ConcurrentHashMap<>();

    private static final class Scope {
        final List<RoomStore.LogRecord> log = new ArrayList<>();
        final Set<UUID> ids = new HashSet<>();
        final Map<Subscription, Runnable> subscriptions = new LinkedHashMap<>();
        boolean kept;

        boolean append(String sender, byte[] body, Map<String, String> headers) {
            log.add(new RoomStore.LogRecord(
                    log.size() + 1, sender, ByteBuffer.wrap(body).asReadOnlyBuffer(), headers));
            List.copyOf(subscriptions.values()).forEach(Runnable::run);
            return true;
        }
    }

    /** How one node sees it. */
    RoomStore on(Loop loop) {
        return new View(loop);
    }

    private final class View implements RoomStore {
        private final Loop loop;
        private final Session session = new Session(UUID.randomUUID(), true);

        View(Loop loop) {
            this.loop = loop;
        }

        @Override
        public Session session() {
            return session;
        }

        @Override
        public void attach(Attachment attachment, Answer<Attached> answer) {
            Scope scope = scopes.computeIfAbsent(attachment.scope(), name -> new Scope());
            synchronized (scope) {
                var subscription = new Subscription(loop, scope, attachment, scope.log.size());
                scope.kept |= attachment.keep();
                scope.subscriptions.put(subscription, subscription::more);
                loop.execute(() -> answer.ok(subscription));
            }
        }

        @Override
        public void append(Append append, Answer<Appended> answer) {
            Scope scope = scopes.computeIfAbsent(append.scope(), name -> new Scope());
            synchronized (scope) {
                boolean heard = scope.kept || !scope.subscriptions.isEmpty();
                boolean duplicate = heard && !scope.ids.add(append.id());
                if (heard && !duplicate) {
                    scope.append(append.sender(), append.body().clone(), append.headers());
                }
                loop.execute(() -> answer.ok(new Appended(heard, duplicate)));
            }
        }

        @Override
        public @Nullable Lane lane() {
            return null;
        }
    }

    private static final class Subscription implements RoomStore.Attached {
        private final Loop loop;
        private final Scope scope;
        private final RoomStore.Attachment attachment;
        private final int start;
        private int next;
        private RoomStore.@Nullable Reader reader;
        private boolean detached;

        Subscription(Loop loop, Scope scope, RoomStore.Attachment attachment, int start) {
            this.loop = loop;
            this.scope = scope;
            this.attachment = attachment;
            this.start = start;
        }

        @Override
        public void subscribers(RoomStore.Answer<RoomStore.Present> answer) {
            synchronized (scope) {
                Set<String> lives = new HashSet<>();
                scope.subscriptions.keySet().forEach(each -> lives.add(each.attachment.life()));
                int position = scope.log.size();
                loop.execute(() -> answer.ok(new RoomStore.Present(lives, position)));
            }
        }

        @Override
        public void read(OptionalLong after, RoomStore.Reader first) {
            synchronized (scope) {
                next = (int) after.orElse(start);
                reader = first;
                more();
            }
        }

        /** Called with the scope's lock. */
        void more() {
            RoomStore.Reader present = reader;
            if (present == null || next >= scope.log.size()) {
                return;
            }
            List<RoomStore.LogRecord> page = List.copyOf(scope.log.subList(next, scope.log.size()));
            next = scope.log.size();
            loop.execute(() -> {
                if (!detached) {
                    present.entries(page);
                }
            });
        }

        @Override
        public void detach() {
            detached = true;
            synchronized (scope) {
                scope.subscriptions.remove(this);
                byte[] farewell = attachment.farewell();
                if (farewell != null) {
                    scope.append("prscd", farewell, Map.of());
                }
            }
        }
    }

    /** Entries of a scope so far. */
    int entries(String name) {
        Scope scope = scopes.get(name);
        if (scope == null) {
            return 0;
        }
        synchronized (scope) {
            return scope.log.size();
        }
    }
}
