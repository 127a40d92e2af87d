package dev.moitessier.prscd.micrometer;

import dev.moitessier.prscd.PrscdServer;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * The meters of one server: {@code new PrscdMeters(server).bindTo(registry)}. A gauge {@code prscd.clients}, a counter
 * {@code prscd.refused}, and a counter for each name in {@link PrscdServer#counts}, such as {@code prscd.frames.sent}. Realms and
 * channels are no tags: there may be a million of them. Stateless.
 */
public final class PrscdMeters implements MeterBinder {
    private final PrscdServer server;

    public PrscdMeters(PrscdServer server) {
        this.server = server;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("prscd.clients", server, PrscdServer::clients)
                .description("Clients connected to this process")
                .register(registry);
        FunctionCounter.builder("prscd.refused", server, PrscdServer::refused)
                .description("Connections and requests that were turned away")
                .register(registry);
        for (String name : server.counts().keySet()) {
            FunctionCounter.builder("prscd." + name.replace('_', '.'), server, from -> count(from, name))
                    .register(registry);
        }
    }

    private static double count(PrscdServer server, String name) {
        return server.counts().getOrDefault(name, 0L);
    }
}
