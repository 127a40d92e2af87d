package dev.moitessier.store;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is appended: text for SHARED, PRIVATE and, iff {@code bodyToHandlers}, HANDLER mailboxes without a text of their own. */
public record Content(Party sender, @Nullable Address to, @Nullable Payload body, boolean bodyToHandlers,
        Map<Party, Payload> texts, Map<String, String> headers) {}
