/**
 * The store within one JVM: the reference model of the contract, for tests, demos and services of one process. Built in, so that a
 * first dispatch needs nothing else.
 */
@NullMarked
package dev.moitessier.store.memory;

import org.jspecify.annotations.NullMarked;
