package dev.moitessier.prscd;

import java.util.Optional;

/** An {@link Authenticator}'s answer. Immutable. */
public final class Admission {
    private static final Admission REFUSED = new Admission(Optional.empty(), Optional.empty());

    private final Optional<String> realm;
    private final Optional<Authorizer> authorizer;

    private Admission(Optional<String> realm, Optional<Authorizer> authorizer) {
        this.realm = realm;
        this.authorizer = authorizer;
    }

    /** The client enters this realm; what it may do there says the realm's configuration or {@link PrscdServer.Builder#authorizer}. */
    public static Admission to(String realm) {
        return new Admission(Optional.of(realm), Optional.empty());
    }

    /** The client enters this realm; what it may do there says this authorizer. */
    public static Admission to(String realm, Authorizer authorizer) {
        return new Admission(Optional.of(realm), Optional.of(authorizer));
    }

    /** The key is not good: the client gets a 403, on WebTransport a 401. */
    public static Admission refused() {
        return REFUSED;
    }

    /** Empty if it was refused. */
    public Optional<String> realm() {
        return realm;
    }

    /** Empty if the realm's own decides. */
    public Optional<Authorizer> authorizer() {
        return authorizer;
    }
}
