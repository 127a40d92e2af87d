package dev.moitessier.prscd.guice;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.multibindings.MapBinder;
import com.google.inject.multibindings.OptionalBinder;
import com.typesafe.config.Config;
import dev.moitessier.Moitessier;
import dev.moitessier.prscd.Authenticator;
import dev.moitessier.prscd.Authorizer;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.psig.PrscdFunction;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Binds one {@link PrscdServer}, which starts when it is first asked for ({@link com.google.inject.Stage#PRODUCTION}: with the
 * injector) on the {@link Moitessier} of the injector. An {@link Authenticator}, an {@link Authorizer} and functions in a
 * {@code MapBinder<String, PrscdFunction>} are taken up where they are bound. Guice ends nothing: close the server, then the
 * node.
 */
public final class PrscdModule extends AbstractModule {
    private final @Nullable Config config;

    /** As the application's configuration says. */
    public PrscdModule() {
        this.config = null;
    }

    /** The same from this configuration; {@code reference.conf} fills the rest. */
    public PrscdModule(Config config) {
        this.config = config;
    }

    @Override
    protected void configure() {
        OptionalBinder.newOptionalBinder(binder(), Authenticator.class);
        OptionalBinder.newOptionalBinder(binder(), Authorizer.class);
        MapBinder.newMapBinder(binder(), String.class, PrscdFunction.class);
    }

    @Provides
    @Singleton
    PrscdServer server(
            Moitessier moitessier,
            Optional<Authenticator> authenticator,
            Optional<Authorizer> authorizer,
            Map<String, PrscdFunction> functions)
            throws IOException {
        PrscdServer.Builder builder = PrscdServer.builder(moitessier);
        if (config != null) {
            builder.config(config);
        }
        authenticator.ifPresent(builder::authenticator);
        authorizer.ifPresent(builder::authorizer);
        functions.forEach(builder::function);
        return builder.start();
    }
}
