package dev.moitessier.prscd;

/** Nodes on the logs of a {@link SharedStore}. */
record SharedBacking(SharedStore store) implements Backing {
    @Override
    public NodeRealms.OwnedLoop loop(String realm) {
        var loop = new TestLoop();
        return new NodeRealms.OwnedLoop(loop, loop::close);
    }

    @Override
    public RoomStore store(Loop loop) {
        return store.on(loop);
    }

    @Override
    public void close() {
        // The store is the test's: other servers stand on it too.
    }

    /** A server on a free port with a certificate of its own and one realm, whose key is {@code demo}. */
    PrscdServer start(String... settings) throws java.io.IOException {
        return new PrscdServer.Builder(() -> this)
                .config(com.typesafe.config.ConfigFactory.parseString("""
                        prscd {
                          port = 0
                          threads = 2
                          tls.self-made = true
                          origins = ["*"]
                          realms.demo { keys = ["demo"], join = ["*"], publish = ["*"] }
                        }
                        """ + String.join("\n", settings)))
                .start();
    }
}
