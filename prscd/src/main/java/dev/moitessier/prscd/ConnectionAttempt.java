package dev.moitessier.prscd;

import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * A client that asks to be let in.
 *
 * @param publicKey the key in its URL; not blank
 * @param clientId the id in its URL; not blank, within {@code prscd.limits.client-id-bytes}, without control characters
 * @param origin the page that it runs on, as the browser says; other programs leave it out or invent one
 * @param remote where it connects from, which may be a proxy
 */
public record ConnectionAttempt(String publicKey, String clientId, Optional<String> origin, InetSocketAddress remote) {
    /** Without the key, which stays out of logs. */
    @Override
    public String toString() {
        return "ConnectionAttempt[clientId=" + clientId + ", origin=" + origin.orElse("none") + ", remote=" + remote
                + "]";
    }
}
