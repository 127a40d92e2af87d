package dev.moitessier.store;

import java.time.Duration;

/** Keeps an entry that is younger than {@code age} and among the newest {@code count}. */
public record Retention(Duration age, long count) {}
