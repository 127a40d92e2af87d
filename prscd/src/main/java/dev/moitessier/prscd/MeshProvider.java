package dev.moitessier.prscd;

import com.typesafe.config.Config;

/** A kind of {@link MeshLink}; found by {@link java.util.ServiceLoader}, chosen by {@code prscd.mesh}. */
public interface MeshProvider {
    /** The value of {@code prscd.mesh}; its settings are the section of this name beside it. */
    String name();

    /**
     * Returns at once, also if nobody can be reached yet.
     *
     * @param settings the section {@code prscd.<name>}
     * @param realm whose messages alone matter
     * @throws IllegalArgumentException that names the key if a setting cannot be
     */
    MeshLink open(Config settings, String realm, MeshLink.Receiver receiver);
}
