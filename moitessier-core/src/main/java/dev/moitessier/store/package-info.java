/**
 * What a store implements: the SPI whose numbered rules stand in {@code docs/store-contract.md}, and which {@code
 * moitessier-store-testkit} certifies. It knows nothing of {@code dev.moitessier}.
 *
 * <p>All types are thread-safe or immutable. Records check what can be checked without a store and refuse it with
 * {@link IllegalArgumentException}; limits that a store states are refused with
 * {@link dev.moitessier.store.StoreException.Rejected}.
 */
@NullMarked
package dev.moitessier.store;

import org.jspecify.annotations.NullMarked;
