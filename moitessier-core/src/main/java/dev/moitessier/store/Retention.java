package dev.moitessier.store;

import java.time.Duration;

/**
 * Keeps an entry that is younger than {@code age} and among the newest {@code count} of its scope; others may go (S1).
 *
 * @param age not negative
 * @param count not negative
 */
public record Retention(Duration age, long count) {
    /** @throws IllegalArgumentException if either is negative */
    public Retention {
        if (age.isNegative()) {
            throw new IllegalArgumentException("age is negative: " + age);
        }
        if (count < 0) {
            throw new IllegalArgumentException("count is negative: " + count);
        }
    }
}
