package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a store can do, and its limits; sizes in bytes. The {@code check} methods are rules N1 and E6 for every store: they throw
 * before anything is written, and the message names the limit.
 *
 * @param store its name
 * @param durability what an acknowledged append survives
 * @param multiProcess whether several processes can meet on it
 * @param enlists whether it can append within a caller's transaction (T1 to T5)
 * @param push bound from an append to the hint in another process (W2); empty: it polls
 * @param storeClock whether the store has a clock of its own; else it uses its processes' clocks
 * @param maxBody largest body, and largest single text; at least 256 KiB
 * @param maxAppend largest {@link Content#size()}; at least 4 MiB
 * @param maxTexts most texts of one append; at least 1,000
 * @param maxMetadata largest metadata of a registration
 * @param maxBatch most elements of one batch; at least 64
 * @param maxRemember longest time that a dispatch id can be remembered
 * @param callLimit each call ends within it (E3)
 */
public record Capabilities(
        String store,
        Durability durability,
        boolean multiProcess,
        boolean enlists,
        Optional<Duration> push,
        boolean storeClock,
        int maxBody,
        int maxAppend,
        int maxTexts,
        int maxMetadata,
        int maxBatch,
        Duration maxRemember,
        Duration callLimit) {
    public Capabilities {
        requireNonNull(store, "store");
        requireNonNull(durability, "durability");
        requireNonNull(push, "push");
        requireNonNull(maxRemember, "maxRemember");
        requireNonNull(callLimit, "callLimit");
    }

    /**
     * Checks a scope's name: 1 to 400 bytes of UTF-8, not blank, no unpaired surrogate, no U+0000 (N1).
     *
     * @throws StoreException.Rejected if it is none
     */
    public void checkScope(String scope) {
        Names.checkScope(scope);
    }

    /**
     * Checks how many elements a batch has.
     *
     * @throws StoreException.Rejected if there are more than {@link #maxBatch()}
     */
    public void check(List<Append> batch) {
        if (batch.size() > maxBatch) {
            throw new StoreException.Rejected("batch of " + batch.size() + " appends; the limit is " + maxBatch);
        }
    }

    /**
     * Checks an append: its scope and {@code remember}, and its content as {@link #check(Content)} does.
     *
     * @throws StoreException.Rejected if it is beyond a limit
     */
    public void check(Append append) {
        Names.checkScope(append.scope());
        if (append.remember().compareTo(maxRemember) > 0) {
            throw new StoreException.Rejected("remember of " + append.remember() + "; the limit is " + maxRemember);
        }
        check(append.content());
    }

    /**
     * Checks a registration: names, subscriber id, metadata and farewell.
     *
     * @throws StoreException.Rejected if it is beyond a limit
     */
    public void check(Registration registration) {
        ListenerRef listener = registration.listener();
        Names.checkScope(listener.scope());
        if (listener.owner() != null) {
            Names.check(listener.owner());
        }
        Names.checkSubscriber(registration.subscriber());
        if (registration.metadata().size() > maxMetadata) {
            throw new StoreException.Rejected(
                    "metadata of " + registration.metadata().size() + " bytes; the limit is " + maxMetadata);
        }
        if (registration.farewell() != null) {
            check(registration.farewell());
        }
    }

    /**
     * Checks a content: parties, body, texts and headers, one by one and in all.
     *
     * @throws StoreException.Rejected if it is beyond a limit
     */
    public void check(Content content) {
        Names.check(content.sender());
        if (content.to() != null) {
            Names.check(content.to());
        }
        if (content.body() != null) {
            checkSize("body", content.body());
        }
        if (!content.texts().isEmpty()) {
            checkTexts(content.texts());
        }
        long size = content.size();
        if (size > maxAppend) {
            throw new StoreException.Rejected("append of " + size + " bytes in all; the limit is " + maxAppend);
        }
    }

    private void checkTexts(Map<Party, Payload> texts) {
        if (texts.size() > maxTexts) {
            throw new StoreException.Rejected("append with " + texts.size() + " texts; the limit is " + maxTexts);
        }
        texts.forEach((owner, text) -> {
            Names.check(owner);
            checkSize("text", text);
        });
    }

    private void checkSize(String what, Payload payload) {
        if (payload.size() > maxBody) {
            throw new StoreException.Rejected(what + " of " + payload.size() + " bytes; the limit is " + maxBody);
        }
    }
}
