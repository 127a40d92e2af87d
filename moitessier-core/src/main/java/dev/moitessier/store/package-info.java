/** What a store implements: the SPI whose numbered rules stand in {@code docs/store-contract.md}. It knows nothing of {@code dev.moitessier}. */
@NullMarked
package dev.moitessier.store;

import org.jspecify.annotations.NullMarked;
