/** A function on the messages of Presencejs channels, in process. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.examples.psig;
