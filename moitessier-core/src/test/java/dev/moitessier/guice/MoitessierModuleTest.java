package dev.moitessier.guice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.google.inject.ConfigurationException;
import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.ProvisionException;
import com.google.inject.Stage;
import com.google.inject.name.Names;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Conditions;
import dev.moitessier.Dispatcher;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.memory.MemoryStore;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import jakarta.inject.Provider;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MoitessierModuleTest {
    /** A service that only speaks, and one that listens. */
    static final class Shop {
        final Dispatcher orders;
        final Moitessier cursors;

        @Inject
        Shop(@Named("orders") Dispatcher orders, @Named("cursors") Moitessier cursors) {
            this.orders = orders;
            this.cursors = cursors;
        }
    }

    static final class OwnStore implements Provider<MemoryStore> {
        @Override
        public MemoryStore get() {
            return new MemoryStore();
        }
    }

    private static <T> T named(Injector injector, Class<T> type, String name) {
        return injector.getInstance(Key.get(type, Names.named(name)));
    }

    private static Config config(String hocon) {
        return ConfigFactory.parseString(hocon);
    }

    @Test
    void oneModuleBindsNodeDispatcherAndStoreOnce() {
        Injector injector = Guice.createInjector(new MoitessierModule(ConfigFactory.empty()));
        try (MoitessierInstances instances = injector.getInstance(MoitessierInstances.class)) {
            Moitessier node = injector.getInstance(Moitessier.class);
            assertThat(injector.getInstance(Dispatcher.class)).isSameAs(node);
            assertThat(injector.getInstance(Moitessier.class)).isSameAs(node);
            assertThat(injector.getInstance(MailboxStore.class)).isSameAs(node.store(MemoryStore.class));
            assertThat(instances.all()).containsOnlyKeys("").containsValue(node);
        }
    }

    @Test
    void severalNodesByCodeLiveInOneInjector() {
        Injector injector = Guice.createInjector(
                MoitessierModule.on(() -> new MemoryStore()).named("orders"),
                MoitessierModule.on(OwnStore.class).named("cursors").with(node -> node.inFlight(7)),
                new MoitessierModule(ConfigFactory.empty()));
        try (MoitessierInstances instances = injector.getInstance(MoitessierInstances.class)) {
            Shop shop = injector.getInstance(Shop.class);
            assertThat(shop.orders).isNotSameAs(shop.cursors);
            try (Listener listener = shop.cursors.listen(Conditions.shared(Person.of("ada"), "here"))) {
                shop.orders.dispatch(Person.of("bob"), "here", "to another node");
                shop.cursors.dispatch(Person.of("bob"), "here", "to this one");
                assertThat(listener.messages(Since.leftOff(), 10))
                        .extracting(Message::text)
                        .containsExactly("to this one");
            }
            assertThat(instances.all()).containsOnlyKeys("orders", "cursors");
            injector.getInstance(Moitessier.class);
            assertThat(instances.all()).containsOnlyKeys("orders", "cursors", "");
        }
    }

    @Test
    void severalNodesByConfigurationShareWhatTheyDoNotSay() {
        Injector injector = Guice.createInjector(new MoitessierModule(config("""
                moitessier {
                  in-flight = 3
                  instances {
                    orders { store = memory, memory.space = shop }
                    cursors { store = memory, memory.space = shop, lease = 9s }
                  }
                }""")));
        try (MoitessierInstances instances = injector.getInstance(MoitessierInstances.class)) {
            Shop shop = injector.getInstance(Shop.class);
            try (Listener listener = shop.cursors.listen(Conditions.shared(Person.of("ada"), "here"))) {
                shop.orders.dispatch(Person.of("bob"), "here", "same space");
                assertThat(listener.messages(Since.leftOff(), 10)).hasSize(1);
            }
            assertThat(shop.cursors.toString()).contains("lease=PT9S", "inFlight=3");
            assertThat(instances.all()).hasSize(2);
        }
    }

    @Test
    void closingClosesEveryNodeAndItsStoreAndNothingIsOpenedAfterwards() {
        Injector injector = Guice.createInjector(
                MoitessierModule.on(() -> new MemoryStore()).named("orders"),
                MoitessierModule.on(() -> new MemoryStore()).named("never-asked-for"));
        MoitessierInstances instances = injector.getInstance(MoitessierInstances.class);
        Moitessier orders = named(injector, Moitessier.class, "orders");
        MailboxStore store = named(injector, MailboxStore.class, "orders");
        instances.close();
        instances.close();
        assertThat(instances.all()).isEmpty();
        assertThatIllegalStateException().isThrownBy(() -> orders.dispatch(Person.of("a"), "b", "c"));
        assertThatExceptionOfType(StoreException.Closed.class).isThrownBy(() -> store.scopes("", null, 1));
        assertThatExceptionOfType(ProvisionException.class)
                .isThrownBy(() -> named(injector, Moitessier.class, "never-asked-for"))
                .withMessageContaining("closed");
    }

    @Test
    void storesOpenAtFirstUseOrInProductionAtTheStart() {
        AtomicInteger opened = new AtomicInteger();
        MoitessierModule module = MoitessierModule.on(() -> {
            opened.incrementAndGet();
            return new MemoryStore();
        });
        Injector development = Guice.createInjector(Stage.DEVELOPMENT, module);
        assertThat(opened).hasValue(0);
        development.getInstance(Moitessier.class);
        development.getInstance(Dispatcher.class);
        assertThat(opened).hasValue(1);
        development.getInstance(MoitessierInstances.class).close();
        Injector production = Guice.createInjector(Stage.PRODUCTION, module);
        assertThat(opened).hasValue(2);
        assertThat(production.getInstance(MoitessierInstances.class).all()).hasSize(1);
        production.getInstance(MoitessierInstances.class).close();
    }

    @Test
    void inProductionOneThatFailsClosesThoseThatAreOpenAtOnce() {
        List<MemoryStore> opened = new ArrayList<>();
        MoitessierModule orders = MoitessierModule.on(() -> {
                    opened.add(new MemoryStore());
                    return opened.get(opened.size() - 1);
                })
                .named("orders");
        MoitessierModule broken = MoitessierModule.on(() -> {
                    throw new StoreException.Misconfigured("no such database", null);
                })
                .named("cursors");
        MoitessierModule after = MoitessierModule.on(() -> {
                    opened.add(new MemoryStore());
                    return opened.get(opened.size() - 1);
                })
                .named("after");
        assertThatExceptionOfType(CreationException.class)
                .isThrownBy(() -> Guice.createInjector(Stage.PRODUCTION, orders, broken, after))
                .withMessageContaining("no such database")
                .withMessageContaining("another of them failed to open");
        assertThat(opened).hasSize(1).allSatisfy(store -> assertThatExceptionOfType(StoreException.Closed.class)
                .isThrownBy(() -> store.scopes("", null, 1)));

        Injector development = Guice.createInjector(Stage.DEVELOPMENT, orders, broken);
        try (MoitessierInstances instances = development.getInstance(MoitessierInstances.class)) {
            Moitessier node = named(development, Moitessier.class, "orders");
            assertThatExceptionOfType(ProvisionException.class)
                    .isThrownBy(() -> named(development, Moitessier.class, "cursors"));
            assertThat(instances.all()).containsOnlyKeys("orders").containsValue(node);
            node.dispatch(Person.of("a"), "b", "the others work on");
        }
    }

    @Test
    void wrongConfigurationFailsWhenTheInjectorIsMade() {
        assertThatExceptionOfType(CreationException.class)
                .isThrownBy(() -> Guice.createInjector(new MoitessierModule(config("moitessier.store = redsi"))))
                .withMessageContaining("redsi")
                .withMessageContaining("memory");
        assertThatExceptionOfType(CreationException.class)
                .isThrownBy(() ->
                        Guice.createInjector(new MoitessierModule(config("moitessier.instances.orders.lease = soon"))))
                .withMessageContaining("orders")
                .withMessageContaining("moitessier.lease");
        assertThatExceptionOfType(CreationException.class)
                .isThrownBy(() -> Guice.createInjector(new MoitessierModule(config("moitessier.instances = 3"))));
        assertThatIllegalArgumentException().isThrownBy(() -> new MoitessierModule().named(" "));
    }

    @Test
    void oneNameTwiceIsAnError() {
        assertThatExceptionOfType(CreationException.class)
                .isThrownBy(() -> Guice.createInjector(
                        MoitessierModule.on(() -> new MemoryStore()).named("orders"),
                        MoitessierModule.on(() -> new MemoryStore()).named("orders")));
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> Guice.createInjector().getInstance(Dispatcher.class));
    }
}
