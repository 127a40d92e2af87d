/** Java functions beside Go's on the same zipper, and the codec of frames. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.benchmarks.yomo;
