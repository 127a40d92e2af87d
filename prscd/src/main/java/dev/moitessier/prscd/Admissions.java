package dev.moitessier.prscd;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides who gets in, the same way for both transports, and counts who is. Thread-safe. */
final class Admissions {
    private static final Logger log = LoggerFactory.getLogger(Admissions.class);

    private final Realms realms;
    private final Authenticator authenticator;
    private final @Nullable Authorizer authorizer;
    private final Origins origins;
    private final TransportLimits limits;
    private final Allowance rate;
    private final AtomicInteger connections = new AtomicInteger();
    private final Map<InetAddress, Integer> perAddress = new ConcurrentHashMap<>();
    private final LongAdder refused = new LongAdder();
    private volatile boolean closing;

    Admissions(
            Realms realms,
            Authenticator authenticator,
            @Nullable Authorizer authorizer,
            Origins origins,
            TransportLimits limits) {
        this.realms = realms;
        this.authenticator = authenticator;
        this.authorizer = authorizer;
        this.origins = origins;
        this.limits = limits;
        this.rate = new Allowance(limits.admissionsPerSecond(), limits.admissionsPerSecond(), System.nanoTime());
    }

    /** What became of a request to enter. */
    sealed interface Decision {}

    record Entered(Target target, PeerDoor door, Access access, String mesh) implements Decision {}

    record Refused(Status status) implements Decision {}

    /** Statuses as the original's, where it has them; PROTOCOL: path 404, no id or key 401, bad key 403 (WebTransport: 401). */
    enum Status {
        NO_SUCH_PATH(404, 404),
        INCOMPLETE(401, 401),
        BAD_KEY(403, 401),
        FORBIDDEN_ORIGIN(403, 403),
        UNAVAILABLE(503, 503);

        private final int webSocket;
        private final int webTransport;

        Status(int webSocket, int webTransport) {
            this.webSocket = webSocket;
            this.webTransport = webTransport;
        }

        int webSocket() {
            return webSocket;
        }

        int webTransport() {
            return webTransport;
        }
    }

    /** Takes one of the places; false if there is none. Each that was taken is given back by {@link #release}. */
    boolean acquire(InetSocketAddress remote) {
        if (closing) {
            return false;
        }
        if (connections.incrementAndGet() > limits.connections()) {
            connections.decrementAndGet();
            refused.increment();
            return false;
        }
        int bound = limits.connectionsPerAddress();
        if (bound > 0 && perAddress.merge(remote.getAddress(), 1, Integer::sum) > bound) {
            release(remote);
            refused.increment();
            return false;
        }
        return true;
    }

    void release(InetSocketAddress remote) {
        connections.decrementAndGet();
        if (limits.connectionsPerAddress() > 0) {
            perAddress.computeIfPresent(remote.getAddress(), (address, count) -> count > 1 ? count - 1 : null);
        }
    }

    int connections() {
        return connections.get();
    }

    /** Requests and connections that were turned away so far. */
    long refused() {
        return refused.sum();
    }

    /** From now on nobody gets in. */
    void close() {
        closing = true;
    }

    CompletionStage<Decision> decide(String requestTarget, @Nullable String origin, InetSocketAddress remote) {
        Target target = Target.parse(requestTarget);
        if (!target.path().equals(PrscdServer.PATH)) {
            return refuse(Status.NO_SUCH_PATH);
        }
        if (closing) {
            return refuse(Status.UNAVAILABLE);
        }
        if (target.publicKey().isBlank() || !isClientId(target.clientId())) {
            return refuse(Status.INCOMPLETE);
        }
        if (!origins.allow(origin)) {
            return refuse(Status.FORBIDDEN_ORIGIN);
        }
        if (!mayKnock()) {
            return refuse(Status.UNAVAILABLE);
        }
        var attempt = new ConnectionAttempt(target.publicKey(), target.clientId(), Optional.ofNullable(origin), remote);
        CompletionStage<Admission> asked;
        try {
            asked = authenticator.admit(attempt);
        } catch (RuntimeException e) {
            asked = CompletableFuture.failedStage(e);
        }
        return asked.handle((admission, failure) -> {
            if (failure != null) {
                log.warn("cannot tell whether to admit {}: {}", attempt, failure.toString());
                log.debug("the authenticator failed", failure);
                return refused(Status.UNAVAILABLE);
            }
            return admission
                    .realm()
                    .<Decision>map(realm -> enter(target, realm, admission.authorizer()))
                    .orElseGet(() -> refused(Status.BAD_KEY));
        });
    }

    private Decision enter(Target target, String realm, Optional<Authorizer> own) {
        Realms.Realm entered = realms.get(realm);
        Authorizer decides = own.or(() -> Optional.ofNullable(authorizer))
                .or(entered::authorizer)
                .orElseThrow(() -> new IllegalStateException("nobody says what clients of realm " + realm + " may do"));
        var peer = new PeerIdentity(realm, target.clientId());
        return new Entered(target, entered.door(), new Granted(decides, peer), entered.mesh());
    }

    private record Granted(Authorizer authorizer, PeerIdentity peer) implements Access {
        @Override
        public CompletionStage<Boolean> join(String channel) {
            try {
                return authorizer.mayJoin(peer, channel);
            } catch (RuntimeException e) {
                log.warn("cannot tell whether {} may join {}: {}", peer, channel, e.toString());
                return CompletableFuture.completedStage(false);
            }
        }

        @Override
        public boolean publish(String channel) {
            try {
                return authorizer.mayPublish(peer, channel);
            } catch (RuntimeException e) {
                log.warn("cannot tell whether {} may publish to {}: {}", peer, channel, e.toString());
                return false;
            }
        }
    }

    private CompletionStage<Decision> refuse(Status status) {
        return CompletableFuture.completedStage(refused(status));
    }

    private Decision refused(Status status) {
        refused.increment();
        return new Refused(status);
    }

    /** After a restart all clients come back in the same second: those beyond the rate wait another ten. */
    private boolean mayKnock() {
        synchronized (rate) {
            return rate.trySpend(System.nanoTime());
        }
    }

    private boolean isClientId(String id) {
        return !id.isBlank()
                && id.getBytes(StandardCharsets.UTF_8).length <= limits.clientIdBytes()
                && id.chars().noneMatch(Character::isISOControl);
    }
}
