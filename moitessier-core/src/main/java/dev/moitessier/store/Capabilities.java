package dev.moitessier.store;

import java.time.Duration;
import java.util.Optional;

/** {@code push}: bound from append to hint in another process, empty when it polls. Sizes in bytes. */
public record Capabilities(String store, Durability durability, boolean multiProcess, boolean enlists, Optional<Duration> push,
        boolean storeClock, int maxBody, int maxAppend, int maxTexts, int maxMetadata, int maxBatch,
        Duration maxRemember, Duration callLimit) {}
