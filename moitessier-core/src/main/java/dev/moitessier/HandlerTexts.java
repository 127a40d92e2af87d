package dev.moitessier;

import dev.moitessier.store.Address;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Content;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one dispatch's handler makes for the handler listeners of one scope. Each is asked for once, however often the
 * recipients change meanwhile; who has gone gets nothing.
 */
final class HandlerTexts {
    private final Dispatch dispatch;
    private final Handler handler;
    private final Capabilities limits;
    private final Map<Party, Made> made = new HashMap<>();
    private MembersCache.Handlers present = new MembersCache.Handlers(0, Map.of());

    /** One function call: a text, or a failure, or neither. */
    private record Made(
            @Nullable String text,
            @Nullable Payload payload,
            @Nullable Exception failure) {}

    HandlerTexts(Dispatch dispatch, Handler handler, Capabilities limits) {
        this.dispatch = dispatch;
        this.handler = handler;
        this.limits = limits;
    }

    /** Asks for those that have not been asked for yet. */
    void askFor(MembersCache.Handlers handlers) {
        present = handlers;
        Person only = dispatch.recipient();
        Address to = only == null ? null : only.address();
        handlers.byOwner().forEach((owner, recipient) -> {
            if ((to == null || to.matches(owner)) && !made.containsKey(owner)) {
                made.put(owner, ask(recipient));
            }
        });
    }

    private Made ask(Recipient recipient) {
        try {
            String text = handler.textFor(recipient, dispatch);
            if (text == null || text.isBlank()) {
                return new Made(null, null, null);
            }
            int bytes = Texts.wellFormed("handler's text", text);
            if (bytes > limits.maxBody()) {
                throw new IllegalArgumentException("the handler made " + bytes + " bytes of UTF-8; the store "
                        + limits.store() + " takes at most " + limits.maxBody());
            }
            return new Made(text, Payload.wrap(text.getBytes(StandardCharsets.UTF_8)), null);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new Made(null, null, interrupted);
        } catch (Exception failure) {
            return new Made(null, null, failure);
        }
    }

    /**
     * The dispatch with the texts of those present.
     *
     * @throws IllegalArgumentException if they are more than one append may carry
     */
    Content content(String scope) {
        Map<Party, Payload> texts = new LinkedHashMap<>();
        for (Party owner : present.byOwner().keySet()) {
            Made one = made.get(owner);
            if (one != null && one.payload() != null) {
                texts.put(owner, one.payload());
            }
        }
        Content plain = dispatch.content();
        Content whole =
                new Content(plain.sender(), plain.to(), plain.body(), plain.bodyToHandlers(), texts, plain.headers());
        if (texts.size() > limits.maxTexts() || whole.size() > limits.maxAppend()) {
            throw new IllegalArgumentException("the handler made " + texts.size() + " texts for " + scope + ", "
                    + whole.size() + " bytes with body and headers; the store " + limits.store() + " takes at most "
                    + limits.maxTexts() + " texts and " + limits.maxAppend()
                    + " bytes, and nothing was written to this scope");
        }
        return whole;
    }

    List<Dispatched.Result> results() {
        List<Dispatched.Result> results = new ArrayList<>();
        present.byOwner().forEach((owner, recipient) -> {
            Made one = made.get(owner);
            if (one != null && one.text() != null) {
                results.add(new Dispatched.Result(recipient, one.text()));
            }
        });
        return results;
    }

    List<Dispatched.Failure> failures() {
        List<Dispatched.Failure> failures = new ArrayList<>();
        present.byOwner().forEach((owner, recipient) -> {
            Made one = made.get(owner);
            if (one != null && one.failure() != null) {
                failures.add(new Dispatched.Failure(recipient, one.failure()));
            }
        });
        return failures;
    }
}
