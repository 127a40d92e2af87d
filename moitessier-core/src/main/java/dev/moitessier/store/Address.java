package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * A person, or one client of it when {@code client} is given.
 *
 * @param person the person
 * @param client one of the person's clients; null: all of them
 */
public record Address(String person, @Nullable String client) {
    public Address {
        requireNonNull(person, "person");
    }

    /** Whether this party is meant. */
    public boolean matches(Party party) {
        return person.equals(party.person()) && (client == null || client.equals(party.client()));
    }
}
