/** prscd in an application with Guice, which is an optional dependency. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.prscd.guice;
