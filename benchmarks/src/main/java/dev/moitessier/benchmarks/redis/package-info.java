/** The Redis store beside hand-written commands and what one would use instead, on one server, in one run. */
@NullMarked
package dev.moitessier.benchmarks.redis;

import org.jspecify.annotations.NullMarked;
