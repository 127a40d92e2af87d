package dev.moitessier.prscd;

import java.util.List;

/** What a node knows, at one moment; for people and monitors. */
record NodeDump(String realm, String life, boolean live, int connections, List<Channel> channels) {
    /** {@code others}: other lives that have the channel open. */
    record Channel(String name, String state, List<String> others, List<Present> peers) {}

    record Present(String clientId, String sid, String owner, boolean local, boolean lingering) {}
}
