/** What psig-core costs, against what one would use instead. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.benchmarks.psig;
