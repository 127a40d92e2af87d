package dev.moitessier.store;

import java.time.Duration;
import java.time.Instant;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** {@code retention} is pure and cheap; {@code longest} bounds its ages; {@code endAsOf}: store time of the sweeper's last answered heartbeat, null: end no session (L3); {@code work}: at most so many things removed. */
public record SweepPolicy(Function<String, Retention> retention, Duration longest, @Nullable Instant endAsOf, int work) {}
