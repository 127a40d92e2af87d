/** A room in the browser: who is here, where they point, what they say. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.examples.room;
