package dev.moitessier.prscd;

/** Placeholder while the gateway compiles alone. */
public final class PrscdServer {
    static final String PATH = "/v1";
    static final String PROTOCOL_VERSION = "v2.0.0-alpha";
    public static final class Builder {
        public Builder authorizer(Authorizer authorizer) { return this; }
    }
}
