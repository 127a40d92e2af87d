/** The Postgres store beside hand-written SQL and what one would use instead, on one server, in one run. */
@NullMarked
package dev.moitessier.benchmarks.postgres;

import org.jspecify.annotations.NullMarked;
