package dev.moitessier.prscd;

import dev.moitessier.psig.PrscdFunction;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link Node} with its loop for each realm: the configured ones from the start to the end, others when their first client
 * comes, until they have been without clients for a while.
 */
final class NodeRealms implements Realms {
    private static final Logger log = LoggerFactory.getLogger(NodeRealms.class);

    private static final long LAST_WORDS_SECONDS = 2;

    private final RealmSettings.Catalog catalog;
    private final Backing backing;
    private final Meshing meshing;
    private final Executor functionExecutor;
    private final Map<String, PrscdFunction> functions = new LinkedHashMap<>();
    private final Map<String, Served> served = new ConcurrentHashMap<>();
    /** What realms had counted that have ended; with the lock that no count is seen twice, or not at all. */
    private final Counters ended = new Counters();

    /** A realm's node, and who uses it now. */
    private static final class Served {
        final Node node;
        final LoopThread loop;
        /** Ends the link to the nodes of a mesh, behind what was said last. */
        final Runnable link;

        private int users;
        private long usedAt = System.nanoTime();
        private boolean over;

        Served(Node node, LoopThread loop, Runnable link) {
            this.node = node;
            this.loop = loop;
            this.link = link;
        }

        /** False if it is over; who succeeds leaves once. */
        synchronized boolean enter() {
            if (!over) {
                users++;
            }
            return !over;
        }

        synchronized void leave() {
            users--;
            usedAt = System.nanoTime();
        }

        synchronized boolean isIdle(Duration limit) {
            return users == 0 && System.nanoTime() - usedAt > limit.toNanos();
        }

        /** True once: nobody uses it, and nobody will. */
        synchronized boolean end(Duration limit) {
            boolean ends = !over && isIdle(limit);
            over |= ends;
            return ends;
        }
    }

    NodeRealms(RealmSettings.Catalog catalog, Backing backing, Meshing meshing, Executor functionExecutor) {
        this.catalog = catalog;
        this.backing = backing;
        this.meshing = meshing;
        this.functionExecutor = functionExecutor;
    }

    /** Makes the nodes of all configured realms, so that {@link #ready} means something. */
    void start() {
        catalog.names().forEach(this::served);
    }

    @Override
    public Realm get(String name) {
        RealmSettings settings = catalog.of(name);
        served(name);
        return new Realm(
                (clientId, connection, access) -> connect(name, clientId, connection, access),
                settings.node().mesh(),
                settings.authorizer());
    }

    private PeerEvents connect(String name, String clientId, PeerConnection connection, Access access) {
        Served realm = entered(name);
        Peer peer = realm.node.connect(clientId, connection, access);
        return new PeerEvents() {
            @Override
            public void received(byte[] message) {
                peer.received(message);
            }

            @Override
            public void writable() {
                peer.writable();
            }

            @Override
            public void closed(Departure departure) {
                peer.closed(departure);
                realm.leave();
            }
        };
    }

    /** Asks the node of a realm, which is there for as long as that takes. */
    <T> T ask(String name, Function<Node, T> question) {
        Served realm = entered(name);
        try {
            return question.apply(realm.node);
        } finally {
            realm.leave();
        }
    }

    private Served entered(String name) {
        while (true) {
            Served realm = served(name);
            if (realm.enter()) {
                return realm;
            }
            // It has ended since it was looked up.
            forget(name, realm);
        }
    }

    private Served served(String name) {
        return served.computeIfAbsent(name, this::serve);
    }

    private Served serve(String name) {
        RealmSettings settings = catalog.of(name);
        LoopThread loop = backing.loop(name);
        Node node = new Node(
                settings.node(), backing.store(loop), loop, new SecureRandom(), settings.channels(), functionExecutor);
        synchronized (functions) {
            functions.forEach(node::function);
        }
        Runnable link;
        try {
            link = meshing.join(node);
        } catch (RuntimeException unfit) {
            loop.close();
            throw unfit;
        }
        node.start();
        return new Served(node, loop, link);
    }

    /** Closes realms that no configuration names, and that nobody has used for this long and nothing waits in. */
    void closeIdle(Duration limit) {
        served.forEach((name, realm) -> {
            if (!catalog.names().contains(name) && realm.isIdle(limit)) {
                realm.node.dump().thenAccept(dump -> {
                    if (dump.channels().isEmpty() && realm.end(limit)) {
                        forget(name, realm);
                        // Not on its own loop, which it waits for.
                        backing.execute(() -> {
                            close(realm);
                            realm.link.run();
                        });
                        log.debug("realm {} had no clients for {}, it is closed until one comes", name, limit);
                    }
                });
            }
        });
    }

    private void forget(String name, Served realm) {
        synchronized (ended) {
            if (served.remove(name, realm)) {
                ended.addAll(realm.node.counters());
            }
        }
    }

    /** Of all realms since the start. */
    Counters counts() {
        var all = new Counters();
        synchronized (ended) {
            all.addAll(ended);
            served.values().forEach(each -> all.addAll(each.node.counters()));
        }
        return all;
    }

    /** In all realms, those of later too. */
    void function(String name, PrscdFunction function) {
        synchronized (functions) {
            if (functions.putIfAbsent(name, function) != null) {
                throw new IllegalArgumentException("a function " + name + " is there already");
            }
        }
        served.values().forEach(each -> each.node.function(name, function));
    }

    /** Whether the configured realms are registered; those that come and go with their clients say nothing about this process. */
    boolean ready() {
        return backing.alive()
                && catalog.names().stream().allMatch(name -> {
                    Served realm = served.get(name);
                    return realm != null && realm.node.ready();
                });
    }

    /** All realms, their channels and peers, as JSON. Complete when all nodes have answered. */
    CompletionStage<String> dump(String head) {
        Map<String, CompletableFuture<String>> parts = new TreeMap<>();
        served.forEach((name, each) -> parts.put(
                name,
                each.node
                        .dump()
                        .thenApply(dump -> DumpJson.of(dump, each.node.counters()))
                        .toCompletableFuture()));
        return CompletableFuture.allOf(parts.values().toArray(CompletableFuture[]::new))
                .thenApply(all -> {
                    List<String> realms = new ArrayList<>();
                    parts.forEach((name, json) -> realms.add(Json.text(name) + ":" + json.join()));
                    return "{" + head + "\"realms\":{" + String.join(",", realms) + "}}\n";
                });
    }

    /** Tells the other nodes that the peers of this one move on; true if all of them know. */
    boolean drain(Duration limit) {
        List<CompletableFuture<Boolean>> told = served.values().stream()
                .map(each -> each.node.drain(limit).toCompletableFuture())
                .toList();
        boolean all = true;
        long end = System.nanoTime() + limit.toNanos();
        for (CompletableFuture<Boolean> each : told) {
            try {
                all &= each.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (ExecutionException | TimeoutException e) {
                log.warn("a realm could not tell that its peers move on: {}", e.toString());
                all = false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return all;
    }

    /** Leaves, and ends the loops behind what was said last. */
    void close() {
        List<Served> all = List.copyOf(served.values());
        all.forEach(NodeRealms::close);
        CompletableFuture<?>[] links = all.stream()
                .map(each -> CompletableFuture.runAsync(each.link, backing::execute))
                .toArray(CompletableFuture[]::new);
        await(CompletableFuture.allOf(links), "a link to other nodes does not end: {}");
    }

    private static void close(Served realm) {
        realm.node.close();
        var last = new CompletableFuture<Void>();
        realm.loop.execute(() -> last.complete(null));
        await(last, "a realm's loop does not end: {}");
        realm.loop.close();
    }

    private static void await(CompletableFuture<Void> end, String otherwise) {
        try {
            end.get(LAST_WORDS_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.warn(otherwise, e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
