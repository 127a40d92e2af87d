/** Programs to run and to copy from; each has a test that runs it. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.examples;
