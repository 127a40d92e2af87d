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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A {@link Node} with its loop for each realm: the configured ones from the start, others when their first client comes. */
final class NodeRealms implements Realms {
    private static final Logger log = LoggerFactory.getLogger(NodeRealms.class);

    private static final long LAST_WORDS_SECONDS = 2;

    private final RealmSettings.Catalog catalog;
    private final Backing backing;
    private final Executor functionExecutor;
    private final Map<String, PrscdFunction> functions = new LinkedHashMap<>();
    private final Map<String, Served> served = new ConcurrentHashMap<>();

    private record Served(Realm realm, Node node, LoopThread loop) {}

    NodeRealms(RealmSettings.Catalog catalog, Backing backing, Executor functionExecutor) {
        this.catalog = catalog;
        this.backing = backing;
        this.functionExecutor = functionExecutor;
    }

    /** Makes the nodes of all configured realms, so that {@link #ready} means something. */
    void start() {
        catalog.names().forEach(this::served);
    }

    @Override
    public Realm get(String name) {
        return served(name).realm();
    }

    Node node(String name) {
        return served(name).node();
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
        node.start();
        PeerDoor door = (clientId, connection, access) -> events(node.connect(clientId, connection, access));
        return new Served(new Realm(door, settings.node().mesh(), settings.authorizer()), node, loop);
    }

    private static PeerEvents events(Peer peer) {
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
            }
        };
    }

    /** In all realms, those of later too. */
    void function(String name, PrscdFunction function) {
        synchronized (functions) {
            if (functions.putIfAbsent(name, function) != null) {
                throw new IllegalArgumentException("a function " + name + " is there already");
            }
        }
        served.values().forEach(each -> each.node().function(name, function));
    }

    boolean ready() {
        return served.values().stream().allMatch(each -> each.node().ready());
    }

    /** All realms, their channels and peers, as JSON. Complete when all nodes have answered. */
    CompletionStage<String> dump(String head) {
        Map<String, CompletableFuture<String>> parts = new TreeMap<>();
        served.forEach((name, each) -> parts.put(
                name,
                each.node()
                        .dump()
                        .thenApply(dump -> DumpJson.of(dump, each.node().counters()))
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
                .map(each -> each.node().drain(limit).toCompletableFuture())
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
        for (Served each : served.values()) {
            each.node().close();
            var last = new CompletableFuture<Void>();
            each.loop().execute(() -> last.complete(null));
            try {
                last.get(LAST_WORDS_SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException | TimeoutException e) {
                log.warn("a realm's loop does not end: {}", e.toString());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            each.loop().close();
        }
    }
}
