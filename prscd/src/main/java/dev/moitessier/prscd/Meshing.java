package dev.moitessier.prscd;

import com.typesafe.config.Config;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** How the nodes of a server know of others: {@code prscd.mesh}. */
final class Meshing {
    private final boolean sharesStore;
    private final @Nullable MeshProvider provider;
    private final Config prscd;

    private Meshing(boolean sharesStore, @Nullable MeshProvider provider, Config prscd) {
        this.sharesStore = sharesStore;
        this.provider = provider;
        this.prscd = prscd;
    }

    /** {@link IllegalArgumentException} that lists the choices if it is none of them. */
    static Meshing of(Config prscd) {
        String kind = prscd.getString("mesh");
        return switch (kind) {
            case "store" -> new Meshing(true, null, prscd);
            case "local" -> new Meshing(false, null, prscd);
            default -> new Meshing(false, provider(kind), prscd);
        };
    }

    private static MeshProvider provider(String kind) {
        Set<String> choices = new TreeSet<>(Set.of("store", "local"));
        for (MeshProvider each : ServiceLoader.load(MeshProvider.class, Meshing.class.getClassLoader())) {
            if (each.name().equals(kind)) {
                return each;
            }
            choices.add(each.name());
        }
        throw new IllegalArgumentException("prscd.mesh = " + kind + ": must be one of " + choices
                + (kind.equals("yomo") ? "; yomo needs moitessier-yomo on the class path" : ""));
    }

    boolean sharesStore() {
        return sharesStore;
    }

    /** Refuses at the start what no realm could have. */
    void check(ChannelRules rules) {
        if (provider != null) {
            rules.requireFitForMesh();
        }
    }

    /** Before the node starts. What is returned is to be closed behind the node. */
    Runnable join(Node node) {
        if (provider == null) {
            return () -> {};
        }
        Mesh mesh = node.join();
        MeshLink link =
                provider.open(prscd.getConfig(provider.name()), node.settings().realm(), mesh);
        mesh.start(link);
        return link::close;
    }
}
