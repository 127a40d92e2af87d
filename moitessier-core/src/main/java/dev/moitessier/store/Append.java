package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * One dispatch to one scope.
 *
 * @param dispatch its id; the same id on the same scope within {@code remember} is written once (I1)
 * @param scope where it goes
 * @param content what is written
 * @param ifMembers makes it conditional: the members version that must still hold (M2)
 * @param remember how long the id is remembered: zero for not at all, at most {@link Capabilities#maxRemember()}
 */
public record Append(UUID dispatch, String scope, Content content, OptionalLong ifMembers, Duration remember) {
    /** @throws IllegalArgumentException if {@code remember} is negative */
    public Append {
        requireNonNull(dispatch, "dispatch");
        requireNonNull(scope, "scope");
        requireNonNull(content, "content");
        requireNonNull(ifMembers, "ifMembers");
        if (remember.isNegative()) {
            throw new IllegalArgumentException("remember is negative: " + remember);
        }
    }
}
