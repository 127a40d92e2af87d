package dev.moitessier.prscd;

import java.util.Optional;

/** The realms of this process, each made when its first client comes. */
interface Realms {
    Realm get(String name);

    /**
     * One tenant.
     *
     * @param authorizer what its clients may do, where neither the authenticator nor the builder says so
     */
    record Realm(PeerDoor door, String mesh, Optional<Authorizer> authorizer) {}
}
