package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.util.UUID;

/**
 * Everything up to {@code position} has been handled by this registration of the subscriber (C5).
 *
 * @param listener the mailbox
 * @param subscriber the subscriber's id
 * @param registration the registration that must still own the subscriber; otherwise the entry is ignored
 * @param position a position of the scope; one past the head counts as the head
 */
public record Acknowledgement(ListenerRef listener, String subscriber, UUID registration, long position) {
    public Acknowledgement {
        requireNonNull(listener, "listener");
        requireNonNull(subscriber, "subscriber");
        requireNonNull(registration, "registration");
    }
}
