package dev.moitessier;

import dev.moitessier.store.Address;
import dev.moitessier.store.Content;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import org.jspecify.annotations.Nullable;

/** Rule A3, in one place: what one mailbox gets of one entry. */
final class Visibility {
    private Visibility() {}

    /** The text that this mailbox gets, or null if it gets nothing. */
    static @Nullable Payload of(ListenerRef mailbox, Content content) {
        Party owner = mailbox.owner();
        if (content.to() != null && (owner == null || !matches(content.to(), owner))) {
            return null;
        }
        if (mailbox.type() != ListenerType.HANDLER) {
            return content.body();
        }
        Payload own = owner == null ? null : content.texts().get(owner);
        return own != null ? own : content.bodyToHandlers() ? content.body() : null;
    }

    static boolean matches(Address to, Party owner) {
        return to.person().equals(owner.person())
                && (to.client() == null || to.client().equals(owner.client()));
    }
}
