/** What the store on Datastore costs, on Google's emulator. */
@NullMarked
package dev.moitessier.benchmarks.datastore;

import org.jspecify.annotations.NullMarked;
