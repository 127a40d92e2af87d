package dev.moitessier.prscd;

/**
 * Who a client is once it has been admitted.
 *
 * @param realm the tenant whose rooms it may enter
 * @param clientId the id it gave; several connections may give the same one (tabs)
 */
public record PeerIdentity(String realm, String clientId) {}
