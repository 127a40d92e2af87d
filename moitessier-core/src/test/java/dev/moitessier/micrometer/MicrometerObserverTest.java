package dev.moitessier.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import io.micrometer.core.instrument.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MicrometerObserverTest {
    private static final Person ADA = Person.of("ada");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @Test
    void whatANodeDoesIsCountedAndTimed() throws InterruptedException {
        MicrometerObserver observer =
                MicrometerObserver.of(registry).scopeTag(scope -> scope.substring(0, scope.indexOf('/')));
        MemoryStore small = new MemoryStore(new MemorySpace(InstantSource.system(), 3));
        try (Moitessier node = Moitessier.builder(small).observer(observer).build()) {
            CountDownLatch heard = new CountDownLatch(3);
            node.listen(Conditions.shared(ADA, "room/1")).subscribe(message -> heard.countDown());
            for (int i = 0; i < 3; i++) {
                node.dispatch(ADA, "room/1", "x");
            }
            node.dispatch(ADA, "nowhere/1", "x");
            assertThatExceptionOfType(StoreException.Rejected.class)
                    .isThrownBy(() -> node.dispatch(ADA, "room/1", "x"));
            assertThat(heard.await(10, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(registry.timer("moitessier.dispatches", "outcome", "stored").count())
                .isEqualTo(3);
        assertThat(registry.timer("moitessier.dispatches", "outcome", "stored").totalTime(TimeUnit.NANOSECONDS))
                .isPositive();
        assertThat(registry.timer("moitessier.dispatches", "outcome", "unheard").count())
                .isEqualTo(1);
        assertThat(registry.counter("moitessier.dispatches.failed", "cause", "Rejected")
                        .count())
                .isEqualTo(1);
        assertThat(registry.counter("moitessier.deliveries", "scope", "room").count())
                .isEqualTo(3);
        assertThat(registry.timer("moitessier.lag", "scope", "room").count()).isPositive();
    }

    @Test
    void anOutageIsAnActiveTaskAndThenATime() {
        MicrometerObserver observer = MicrometerObserver.of(registry);
        observer.storeDown(new IllegalStateException("down"));
        assertThat(registry.get("moitessier.outages").longTaskTimer().activeTasks())
                .isEqualTo(1);
        observer.storeUp(Duration.ofSeconds(3));
        assertThat(registry.get("moitessier.outages").longTaskTimer().activeTasks())
                .isZero();
        assertThat(registry.timer("moitessier.outages.over").totalTime(TimeUnit.SECONDS))
                .isEqualTo(3);
    }

    @Test
    void aNodeReportsToTheGlobalRegistryByItself() {
        Metrics.addRegistry(registry);
        try (Moitessier node = Moitessier.on(new MemoryStore())) {
            node.dispatch(Dispatch.from(ADA).to("nowhere").text("x"));
            assertThat(registry.timer("moitessier.dispatches", "outcome", "unheard")
                            .count())
                    .isEqualTo(1);
        } finally {
            Metrics.removeRegistry(registry);
        }
    }
}
