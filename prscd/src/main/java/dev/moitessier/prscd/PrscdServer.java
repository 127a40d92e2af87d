package dev.moitessier.prscd;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.moitessier.Moitessier;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.PrscdFunction;
import dev.moitessier.store.memory.MemoryStore;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rooms for unmodified Presencejs clients, over WebSocket and WebTransport on one port number. What it needs to know it takes
 * from {@code prscd} in the configuration; {@code reference.conf} lists every key. Thread-safe.
 */
public final class PrscdServer implements AutoCloseable {
    /** In the headers of a message in a scope that a room is joined to: the event of a peer, of which connection. */
    public static final String PEER_HEADER = "prscd-sid";

    /** What clients connect to. */
    static final String PATH = "/v1";

    /** The version of the original that clients are told. */
    static final String PROTOCOL_VERSION = "v2.0.0-alpha";

    private static final Logger log = LoggerFactory.getLogger(PrscdServer.class);

    private final NodeRealms realms;
    private final Gateway gateway;
    private final Backing backing;
    private final @Nullable TlsKeys keys;
    private final ScheduledExecutorService housekeeping;
    private final ExecutorService functionExecutor;
    private final Duration stopWithin;
    private final Duration stopSpread;
    private final AtomicBoolean stopping;

    private PrscdServer(
            NodeRealms realms,
            Gateway gateway,
            Backing backing,
            @Nullable TlsKeys keys,
            ScheduledExecutorService housekeeping,
            ExecutorService functionExecutor,
            Duration stopWithin,
            Duration stopSpread,
            AtomicBoolean stopping) {
        this.realms = realms;
        this.gateway = gateway;
        this.backing = backing;
        this.keys = keys;
        this.housekeeping = housekeeping;
        this.functionExecutor = functionExecutor;
        this.stopWithin = stopWithin;
        this.stopSpread = stopSpread;
        this.stopping = stopping;
    }

    /** A server whose rooms live on the store of this node; the node stays the caller's to close, after the server. */
    public static Builder builder(Moitessier moitessier) {
        return new Builder(moitessier);
    }

    /** The port that it listens on. */
    public int port() {
        return gateway.port();
    }

    /** Whether it speaks WebTransport too: asked for, with TLS, and with native QUIC on the class path. */
    public boolean servesWebTransport() {
        return gateway.servesWebTransport();
    }

    /** Clients connected to this process now. */
    public int clients() {
        return gateway.clients();
    }

    /** Connections and requests that were turned away since the start: no place, no such path, no good key, a foreign page. */
    public long refused() {
        return gateway.admissions().refused();
    }

    /**
     * What has been counted since the start, over all realms, by name: {@code frames_sent}, {@code messages_received},
     * {@code peers_too_slow}, {@code frames_too_large}, and the others of the dump.
     */
    public SortedMap<String, Long> counts() {
        Counters counters = realms.counts();
        SortedMap<String, Long> counts = new TreeMap<>();
        for (Count each : Count.values()) {
            counts.put(each.shown(), counters.get(each));
        }
        return Collections.unmodifiableSortedMap(counts);
    }

    /**
     * SHA-256 of the certificate in force, in hex: what {@code serverCertificateHashes} of a browser's WebTransport wants for one
     * that no authority has signed. Empty without TLS.
     */
    public Optional<String> certificateHash() {
        return Optional.ofNullable(keys).map(present -> present.present().certificateHash());
    }

    /** SHA-256 of its public key in base64, for Chromium's {@code --ignore-certificate-errors-spki-list}. Empty without TLS. */
    public Optional<String> publicKeyHash() {
        return Optional.ofNullable(keys).map(present -> present.present().keyHash());
    }

    /** A channel by name, whether anybody is in it or not. */
    public PrscdChannel channel(String realm, String name) {
        return new PrscdChannel() {
            @Override
            public String realm() {
                return realm;
            }

            @Override
            public String name() {
                return name;
            }

            @Override
            public void broadcast(String from, ChannelEvent event) {
                realms.ask(realm, node -> {
                    node.broadcast(name, from, event.encode());
                    return realm;
                });
            }

            @Override
            public CompletionStage<List<ChannelPeer>> peers() {
                return realms.ask(realm, node -> node.peers(name)).thenApply(states -> states.entrySet().stream()
                        .map(each -> new ChannelPeer(each.getKey(), ByteBuffer.wrap(each.getValue())))
                        .toList());
            }
        };
    }

    /**
     * Runs a function on each message that a client of this process sends, as a YoMo function that observes
     * {@code Psig.TAG_FROM_PRSCD} would see it; what it writes goes to everybody in the channel. What it throws is logged and
     * counted, and ends nothing else.
     *
     * @throws IllegalArgumentException if there is one of this name
     */
    public void function(String name, PrscdFunction function) {
        realms.function(name, function);
    }

    /**
     * Lets nobody in any more, tells the other nodes that the clients of this one move on, and sends them away; clients come
     * back after about ten seconds, to whichever node serves then, and in the meantime nobody sees them leave. Takes as long
     * as {@code prscd.stop.within} at most. Idempotent.
     */
    @Override
    public void close() {
        if (!stopping.compareAndSet(false, true)) {
            return;
        }
        gateway.stopAccepting();
        boolean told = realms.drain(stopWithin.minus(stopSpread));
        log.info("stopping with {} clients{}", gateway.clients(), told ? "" : "; other nodes may show them as gone");
        gateway.sendAway(stopSpread);
        try {
            if (!gateway.awaitNobody(stopSpread.plusSeconds(3))) {
                log.warn("{} clients did not close their connections", gateway.clients());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        gateway.close();
        realms.close();
        backing.close();
        housekeeping.shutdownNow();
        functionExecutor.shutdown();
    }

    /** Everything that can be said before the start. */
    public static final class Builder {
        private final Moitessier moitessier;
        private Config config = PrscdConfig.ofTheProcess();
        private @Nullable Authenticator authenticator;
        private @Nullable Authorizer authorizer;
        private final Map<String, PrscdFunction> functions = new LinkedHashMap<>();
        private final Map<String, String> info = new LinkedHashMap<>();
        private @Nullable String pages;

        Builder(Moitessier moitessier) {
            this.moitessier = moitessier;
        }

        /**
         * The configuration with a {@code prscd} section; what it lacks comes from {@code reference.conf}. Default: system
         * properties before the environment ({@code PRSCD_…}) before {@code application.conf}.
         */
        public Builder config(Config config) {
            this.config = config;
            return this;
        }

        /** Asked about keys that no configured realm has. */
        public Builder authenticator(Authenticator authenticator) {
            this.authenticator = authenticator;
            return this;
        }

        /** What clients may do, where {@link Admission} does not say it; instead of {@code join} and {@code publish} of the realms. */
        public Builder authorizer(Authorizer authorizer) {
            this.authorizer = authorizer;
            return this;
        }

        /** As {@link PrscdServer#function}, before the first client. */
        public Builder function(String name, PrscdFunction function) {
            if (functions.putIfAbsent(name, function) != null) {
                throw new IllegalArgumentException("a function " + name + " is there already");
            }
            return this;
        }

        /**
         * Serves the files of this folder of the class path, such as {@code com/example/page}, beside {@code /presence.js}, which
         * is always there; {@code index.html} at {@code /}. They are read at the start. Pages get a Content-Security-Policy that
         * lets them load from and connect to this server alone.
         */
        public Builder pages(String folder) {
            this.pages = folder;
            return this;
        }

        /**
         * Something that {@code GET /v1/info} tells everybody, beside the version, the transports and the hash of a self-made
         * certificate. Unless something is told here, there is no such thing.
         */
        public Builder info(String name, String value) {
            info.put(name, value);
            return this;
        }

        /**
         * Listens and serves.
         *
         * @throws IllegalArgumentException that names the key if the configuration cannot be
         * @throws IOException that names the address if it cannot listen there; then nothing is left running
         */
        public PrscdServer start() throws IOException {
            Config prscd = PrscdConfig.section(config);
            try {
                return start(prscd);
            } catch (ConfigException e) {
                throw new IllegalArgumentException("the configuration of prscd: " + e.getMessage(), e);
            }
        }

        private PrscdServer start(Config prscd) throws IOException {
            var catalog = new RealmSettings.Catalog(prscd, moitessier.session().lease());
            if (!catalog.hasKeys() && authenticator == null) {
                throw new IllegalArgumentException("nobody could get in: prscd.realms has no keys, and there is no"
                        + " authenticator; see PrscdServer.Builder.authenticator");
            }
            Meshing meshing = Meshing.of(prscd);
            meshing.check(catalog.commonRules());
            TransportLimits limits = TransportLimits.of(prscd.getConfig("limits"));
            TlsKeys keys = tls(prscd.getConfig("tls"));
            var files = new Pages(pages);
            var about = new Info(info, prscd.getBoolean("tls.self-made") ? keys : null);
            var origins = new Origins(PrscdConfig.strings(prscd, "origins"));
            String dumpToken = prscd.getString("dump-token");
            ExecutorService functionExecutor = Workers.perTask("prscd-function");
            var backing = meshing.sharesStore()
                    ? new Backing(moitessier)
                    : new Backing(Moitessier.on(new MemoryStore()), true);
            var realms = new NodeRealms(catalog, backing, meshing, functionExecutor);
            functions.forEach(realms::function);
            var stopping = new AtomicBoolean();
            var admissions = new Admissions(realms, keys(catalog), authorizer, origins, limits);
            var routes = new Routes(
                    () -> !stopping.get() && realms.ready(),
                    Optional.of(dumpToken).filter(token -> !token.isBlank()),
                    () -> realms.dump("\"connections\":" + admissions.connections() + ",\"refused\":"
                            + admissions.refused() + ","),
                    files,
                    about::json);
            Gateway gateway;
            try {
                realms.start();
                gateway = Gateway.start(
                        hosts(prscd.getString("host")),
                        prscd.getInt("port"),
                        threads(prscd.getInt("threads")),
                        keys,
                        prscd.getBoolean("web-transport"),
                        limits,
                        admissions,
                        routes);
            } catch (IOException | RuntimeException e) {
                realms.close();
                backing.close();
                functionExecutor.shutdown();
                throw e;
            }
            about.serves(gateway.servesWebTransport());
            ScheduledExecutorService housekeeping =
                    Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("prscd-housekeeping", true));
            if (keys != null) {
                long every = prscd.getDuration("tls.reload").toNanos();
                Future<?> unused =
                        housekeeping.scheduleWithFixedDelay(keys::refresh, every, every, TimeUnit.NANOSECONDS);
            }
            Duration idleRealm = prscd.getDuration("rooms.idle-realm");
            long look = idleRealm.toNanos() / 4 + 1;
            Future<?> unused = housekeeping.scheduleWithFixedDelay(
                    () -> realms.closeIdle(idleRealm), look, look, TimeUnit.NANOSECONDS);
            log.info(
                    "serving {} on port {} over {}",
                    PATH,
                    gateway.port(),
                    gateway.servesWebTransport() ? "WebSocket and WebTransport" : "WebSocket");
            return new PrscdServer(
                    realms,
                    gateway,
                    backing,
                    keys,
                    housekeeping,
                    functionExecutor,
                    prscd.getDuration("stop.within"),
                    prscd.getDuration("stop.spread"),
                    stopping);
        }

        private Authenticator keys(RealmSettings.Catalog catalog) {
            Authenticator next = authenticator;
            return attempt -> catalog.realmOf(attempt.publicKey())
                    .<CompletionStage<Admission>>map(realm -> CompletableFuture.completedStage(Admission.to(realm)))
                    .orElseGet(() ->
                            next == null ? CompletableFuture.completedStage(Admission.refused()) : next.admit(attempt));
        }

        private static @Nullable TlsKeys tls(Config tls) {
            String certificate = tls.getString("certificate");
            String key = tls.getString("key");
            boolean files = !certificate.isEmpty() || !key.isEmpty();
            boolean selfMade = tls.getBoolean("self-made");
            boolean off = tls.getBoolean("off");
            if ((files ? 1 : 0) + (selfMade ? 1 : 0) + (off ? 1 : 0) != 1) {
                throw new IllegalArgumentException("prscd.tls: give certificate and key, or set self-made = true to try"
                        + " it out, or off = true behind a proxy; exactly one of the three");
            }
            if (files) {
                if (certificate.isEmpty() || key.isEmpty()) {
                    throw new IllegalArgumentException("prscd.tls: certificate and key belong together");
                }
                return TlsKeys.files(Path.of(certificate), Path.of(key));
            }
            return selfMade ? TlsKeys.demo(InstantSource.system()) : null;
        }

        private static List<InetAddress> hosts(String host) throws IOException {
            return switch (host) {
                case "localhost" -> Hosts.loopback();
                case "*" -> Hosts.all();
                default -> List.of(InetAddress.getAllByName(host));
            };
        }

        private static int threads(int configured) {
            return configured > 0 ? configured : Runtime.getRuntime().availableProcessors();
        }
    }
}
