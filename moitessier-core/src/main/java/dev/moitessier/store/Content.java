package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is appended. Who gets what is rule A3.
 *
 * @param sender who says it
 * @param to the named recipient; null: everybody
 * @param body for SHARED, PRIVATE and, iff {@code bodyToHandlers}, HANDLER mailboxes without a text of their own; null: for nobody
 * @param bodyToHandlers whether HANDLER mailboxes without a text of their own get the body
 * @param texts a text for each HANDLER mailbox that has one of its own, by owner
 * @param headers carried along as they are
 */
public record Content(
        Party sender,
        @Nullable Address to,
        @Nullable Payload body,
        boolean bodyToHandlers,
        Map<Party, Payload> texts,
        Map<String, String> headers) {
    public Content {
        requireNonNull(sender, "sender");
        texts = Map.copyOf(texts);
        headers = Map.copyOf(headers);
    }

    /** Bytes of body, texts and headers: what {@link Capabilities#maxAppend()} bounds. */
    public long size() {
        long size = body == null ? 0 : body.size();
        if (!texts.isEmpty()) {
            for (Payload text : texts.values()) {
                size += text.size();
            }
        }
        if (!headers.isEmpty()) {
            for (Map.Entry<String, String> header : headers.entrySet()) {
                size += Names.utf8(header.getKey()) + Names.utf8(header.getValue());
            }
        }
        return size;
    }
}
