/** What measuring one store beside hand-written commands has in common with another. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.benchmarks.sending;
