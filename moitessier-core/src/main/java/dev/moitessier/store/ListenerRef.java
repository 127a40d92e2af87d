package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * Names a mailbox. Two names are equal by parts, never by concatenation.
 *
 * @param scope its scope
 * @param type its type
 * @param owner whose it is; null exactly when SHARED
 */
public record ListenerRef(
        String scope, ListenerType type, @Nullable Party owner) {
    /** @throws IllegalArgumentException if a SHARED name has an owner, or another has none */
    public ListenerRef {
        requireNonNull(scope, "scope");
        requireNonNull(type, "type");
        if ((type == ListenerType.SHARED) != (owner == null)) {
            throw new IllegalArgumentException(
                    type == ListenerType.SHARED
                            ? "a SHARED mailbox has no owner"
                            : "a " + type + " mailbox needs an owner");
        }
    }

    /** From columns or key parts, in which a SHARED mailbox has an empty person and client. */
    public static ListenerRef of(String scope, ListenerType type, String person, String client) {
        return new ListenerRef(scope, type, type == ListenerType.SHARED ? null : new Party(person, client));
    }

    /** The owner's person; empty if SHARED. */
    public String person() {
        return owner == null ? "" : owner.person();
    }

    /** The owner's client; empty if there is none, or if SHARED. */
    public String client() {
        return owner == null ? "" : owner.client();
    }
}
