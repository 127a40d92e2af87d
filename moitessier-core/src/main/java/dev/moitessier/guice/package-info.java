/** Moitessier in Guice, an optional dependency: nodes from code or configuration, unnamed and named, closed together. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.guice;
