package dev.moitessier.prscd.guice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.inject.AbstractModule;
import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.ProvisionException;
import com.google.inject.multibindings.MapBinder;
import com.google.inject.multibindings.OptionalBinder;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.guice.MoitessierInstances;
import dev.moitessier.guice.MoitessierModule;
import dev.moitessier.prscd.Admission;
import dev.moitessier.prscd.Authenticator;
import dev.moitessier.prscd.Authorizer;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.psig.PrscdFunction;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

final class PrscdModuleTest {
    @Test
    @DisplayName("one server on the injector's node, with the authenticator, authorizer and functions that are bound")
    void bound() {
        Injector injector = Guice.createInjector(
                new MoitessierModule(ConfigFactory.parseString("moitessier.store = memory")),
                new PrscdModule(ConfigFactory.parseString("prscd { port = 0, tls.self-made = true }")),
                new AbstractModule() {
                    @Override
                    protected void configure() {
                        OptionalBinder.newOptionalBinder(binder(), Authenticator.class)
                                .setBinding()
                                .toInstance(attempt -> CompletableFuture.completedStage(Admission.to("a")));
                        OptionalBinder.newOptionalBinder(binder(), Authorizer.class)
                                .setBinding()
                                .toInstance(Authorizer.everything());
                        MapBinder.newMapBinder(binder(), String.class, PrscdFunction.class)
                                .addBinding("listener")
                                .toInstance(context -> {});
                    }
                });
        try (MoitessierInstances nodes = injector.getInstance(MoitessierInstances.class);
                PrscdServer server = injector.getInstance(PrscdServer.class)) {
            assertThat(injector.getInstance(PrscdServer.class)).isSameAs(server);
            assertThat(server.port()).isPositive();
            assertThatThrownBy(() -> server.function("listener", context -> {})).hasMessageContaining("listener");
            assertThat(nodes.all()).hasSize(1);
        }
    }

    @Test
    @DisplayName("a configuration that cannot be is told when the server is asked for")
    void wrong() {
        assertThatThrownBy(() -> Guice.createInjector(
                                new MoitessierModule(ConfigFactory.parseString("moitessier.store = memory")),
                                new PrscdModule(ConfigFactory.parseString("prscd { port = 0, tls.self-made = true }")))
                        .getInstance(PrscdServer.class))
                .isInstanceOfAny(ProvisionException.class, CreationException.class)
                .hasMessageContaining("nobody could get in");
    }
}
