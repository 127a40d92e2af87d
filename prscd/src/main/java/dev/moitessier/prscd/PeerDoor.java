package dev.moitessier.prscd;

/** Where admitted clients of one realm enter. */
@FunctionalInterface
interface PeerDoor {
    PeerEvents connect(String clientId, PeerConnection connection, Access access);
}
