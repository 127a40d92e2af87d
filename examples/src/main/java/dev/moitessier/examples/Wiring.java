package dev.moitessier.examples;

import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.name.Names;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Conditions;
import dev.moitessier.Dispatcher;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.guice.MoitessierInstances;
import dev.moitessier.guice.MoitessierModule;
import dev.moitessier.store.memory.MemoryStore;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.time.Duration;

/** Nodes from code, from configuration, and without Guice. */
public final class Wiring {
    private Wiring() {}

    // snippet: guice-service
    static final class Shop {
        private final Dispatcher orders;

        @Inject
        Shop(@Named("orders") Dispatcher orders) {
            this.orders = orders;
        }

        void paid(String order) {
            orders.dispatch(Person.of("shop"), "orders", order + " paid");
        }
    }
    // end

    public static void main(String... args) {
        byCode();
        byConfiguration();
        withoutGuice();
    }

    private static void byCode() {
        // snippet: guice-code
        Injector injector = Guice.createInjector(
                MoitessierModule.on(MemoryStore::new)
                        .named("orders")
                        .with(node -> node.retention(Duration.ofDays(30), 10_000)),
                MoitessierModule.on(MemoryStore::new).named("cursors"));
        try (MoitessierInstances instances = injector.getInstance(MoitessierInstances.class)) {
            injector.getInstance(Shop.class).paid("17");
            System.out.println("open: " + instances.all().keySet());
        }
        // end
    }

    private static void byConfiguration() {
        // snippet: guice-configuration
        Injector injector = Guice.createInjector(new MoitessierModule(ConfigFactory.parseString("""
                moitessier.instances {
                  orders  { store = memory, retention.default.age = 30d }
                  cursors { store = memory, lease = 10s }
                }""")));
        Moitessier orders = injector.getInstance(Key.get(Moitessier.class, Names.named("orders")));
        // end
        try (MoitessierInstances instances = injector.getInstance(MoitessierInstances.class);
                Listener clerk = orders.listen(Conditions.shared(Person.of("clerk"), "orders"))) {
            injector.getInstance(Shop.class).paid("18");
            clerk.messages(Since.leftOff(), 10).forEach(message -> System.out.println("clerk: " + message.text()));
            System.out.println("open: " + instances.all().keySet());
        }
    }

    private static void withoutGuice() {
        // snippet: open
        try (Moitessier moitessier = Moitessier.open()) {
            moitessier.dispatch(Person.of("shop"), "orders", "19 paid");
        }
        // end
    }
}
