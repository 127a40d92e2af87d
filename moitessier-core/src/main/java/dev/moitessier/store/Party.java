package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

/**
 * A person and one of its clients.
 *
 * @param person 1 to 200 bytes of UTF-8
 * @param client 0 to 200 bytes of UTF-8; empty: the person as such
 */
public record Party(String person, String client) {
    public Party {
        requireNonNull(person, "person");
        requireNonNull(client, "client");
    }
}
