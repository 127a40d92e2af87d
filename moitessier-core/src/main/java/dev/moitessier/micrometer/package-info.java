/** Moitessier's meters in Micrometer, an optional dependency. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.micrometer;
