/** moitessier-core on the memory store, beside what it cannot do without. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.benchmarks.core;
