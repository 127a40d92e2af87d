package dev.moitessier.store.redis;

import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import dev.moitessier.store.StoreException;
import java.nio.charset.StandardCharsets;

/** A mailbox within its scope: a digit for its type, then person and client, parted by U+0000. */
final class Listeners {
    private Listeners() {}

    static byte[] name(ListenerRef listener) {
        Party owner = listener.owner();
        String type = digit(listener.type());
        return Keys.utf8(owner == null ? type : type + owner.person() + '\0' + owner.client());
    }

    private static String digit(ListenerType type) {
        return switch (type) {
            case SHARED -> "0";
            case PRIVATE -> "1";
            case HANDLER -> "2";
        };
    }

    private static ListenerType type(char digit) {
        return switch (digit) {
            case '0' -> ListenerType.SHARED;
            case '1' -> ListenerType.PRIVATE;
            case '2' -> ListenerType.HANDLER;
            default ->
                throw new StoreException.Misconfigured(
                        "a mailbox of type '" + digit + "' was written by something else", null);
        };
    }

    static ListenerRef parse(String scope, byte[] name) {
        return parse(scope, new String(name, StandardCharsets.UTF_8));
    }

    private static ListenerRef parse(String scope, String name) {
        ListenerType type = type(name.charAt(0));
        if (type == ListenerType.SHARED) {
            return new ListenerRef(scope, type, null);
        }
        int part = name.indexOf('\0');
        return new ListenerRef(scope, type, new Party(name.substring(1, part), name.substring(part + 1)));
    }

    /** A subscriber by its full name: scope, mailbox and id, parted by U+0000. */
    record Named(ListenerRef listener, String subscriber) {
        static Named parse(byte[] name) {
            String text = new String(name, StandardCharsets.UTF_8);
            int scope = text.indexOf('\0');
            int subscriber = text.lastIndexOf('\0');
            if (scope < 0 || subscriber <= scope) {
                throw new StoreException.Misconfigured("a key of this store was written by something else", null);
            }
            return new Named(
                    Listeners.parse(text.substring(0, scope), text.substring(scope + 1, subscriber)),
                    text.substring(subscriber + 1));
        }
    }
}
