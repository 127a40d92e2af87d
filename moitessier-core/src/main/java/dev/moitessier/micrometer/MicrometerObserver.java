package dev.moitessier.micrometer;

import dev.moitessier.Dispatched;
import dev.moitessier.Observer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.LongTaskTimer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Metrics;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Moitessier's meters. Thread-safe; make one for each node.
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name<th>kind<th>tags
 * <tr><td>{@code moitessier.dispatches}<td>timer: from the call to the store's answer, per scope<td>{@code outcome}: stored,
 *     unheard, enlisted
 * <tr><td>{@code moitessier.dispatches.failed}<td>counter<td>{@code cause}: the exception's simple name
 * <tr><td>{@code moitessier.retries}<td>counter: tries that failed and were repeated<td>{@code cause}
 * <tr><td>{@code moitessier.deliveries}<td>counter: messages handed to responders<td>{@code scope}, if asked for
 * <tr><td>{@code moitessier.lag}<td>timer: from the newest message's time in the store to its delivery<td>{@code scope}, if
 *     asked for
 * <tr><td>{@code moitessier.swept.entries}, {@code moitessier.swept.subscribers}<td>distribution summaries<td>
 * <tr><td>{@code moitessier.outages}<td>long task timer: one active task for each store that does not answer now<td>
 * <tr><td>{@code moitessier.outages.over}<td>timer: how long each outage was<td>
 * </table>
 *
 * Scopes are no tags by themselves: there may be a million of them. {@link #scopeTag} says what to make of one.
 */
public final class MicrometerObserver implements Observer {
    private final MeterRegistry registry;
    private final UnaryOperator<String> scopeTag;
    private final Map<Dispatched.Outcome, Timer> dispatched = new EnumMap<>(Dispatched.Outcome.class);
    private final Map<String, Delivery> deliveries = new ConcurrentHashMap<>();
    private final DistributionSummary sweptEntries;
    private final DistributionSummary sweptSubscribers;
    private final LongTaskTimer outages;
    private final Timer outagesOver;
    private final AtomicReference<LongTaskTimer.@Nullable Sample> outage = new AtomicReference<>();

    private record Delivery(Counter messages, Timer lag) {}

    private MicrometerObserver(MeterRegistry registry, UnaryOperator<String> scopeTag) {
        this.registry = Objects.requireNonNull(registry, "registry");
        this.scopeTag = Objects.requireNonNull(scopeTag, "scopeTag");
        for (Dispatched.Outcome outcome : Dispatched.Outcome.values()) {
            dispatched.put(
                    outcome,
                    Timer.builder("moitessier.dispatches")
                            .description("Dispatches per scope, from the call to the store's answer")
                            .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        sweptEntries = DistributionSummary.builder("moitessier.swept.entries").register(registry);
        sweptSubscribers =
                DistributionSummary.builder("moitessier.swept.subscribers").register(registry);
        outages = LongTaskTimer.builder("moitessier.outages")
                .description("Stores that do not answer now")
                .register(registry);
        outagesOver = Timer.builder("moitessier.outages.over").register(registry);
    }

    /** Reports to this registry. */
    public static MicrometerObserver of(MeterRegistry registry) {
        return new MicrometerObserver(registry, scope -> "");
    }

    /** Reports to Micrometer's global registry; what a node does by itself where Micrometer is on the class path. */
    public static MicrometerObserver global() {
        return of(Metrics.globalRegistry);
    }

    /**
     * Tags deliveries and lag with what this makes of the scope: few values, such as the part before the first slash; "" for
     * none.
     */
    public MicrometerObserver scopeTag(UnaryOperator<String> tagOfScope) {
        return new MicrometerObserver(registry, tagOfScope);
    }

    @Override
    public void dispatched(String scope, Dispatched.Outcome outcome, Duration took) {
        Objects.requireNonNull(dispatched.get(outcome)).record(took);
    }

    @Override
    public void dispatchFailed(String scope, Throwable cause) {
        registry.counter(
                        "moitessier.dispatches.failed",
                        "cause",
                        cause.getClass().getSimpleName())
                .increment();
    }

    @Override
    public void retried(String scope, Throwable cause) {
        registry.counter("moitessier.retries", "cause", cause.getClass().getSimpleName())
                .increment();
    }

    @Override
    public void delivered(String scope, int messages, Duration lag) {
        Delivery delivery = deliveries.computeIfAbsent(scopeTag.apply(scope), this::delivery);
        delivery.messages().increment(messages);
        delivery.lag().record(lag);
    }

    private Delivery delivery(String tag) {
        Counter.Builder messages = Counter.builder("moitessier.deliveries");
        Timer.Builder lag = Timer.builder("moitessier.lag");
        if (!tag.isEmpty()) {
            messages.tag("scope", tag);
            lag.tag("scope", tag);
        }
        return new Delivery(messages.register(registry), lag.register(registry));
    }

    @Override
    public void swept(int entries, int subscribers) {
        sweptEntries.record(entries);
        sweptSubscribers.record(subscribers);
    }

    @Override
    public void storeDown(Throwable cause) {
        stop(outage.getAndSet(outages.start()));
    }

    @Override
    public void storeUp(Duration after) {
        stop(outage.getAndSet(null));
        outagesOver.record(after);
    }

    private static void stop(LongTaskTimer.@Nullable Sample sample) {
        if (sample != null) {
            sample.stop();
        }
    }
}
