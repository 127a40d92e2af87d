/**
 * For authors of stores, and for users' own tests.
 *
 * <p>A store's author extends {@link dev.moitessier.testkit.StoreContract} and implements
 * {@link dev.moitessier.testkit.StoreWiring}; every rule of {@code docs/store-contract.md} then runs as a named test. {@link
 * dev.moitessier.testkit.MutableClock} and {@link dev.moitessier.testkit.Eventually} are for everybody's tests.
 */
@NullMarked
package dev.moitessier.testkit;

import org.jspecify.annotations.NullMarked;
