/** The meters of a {@link dev.moitessier.prscd.PrscdServer}, where Micrometer is on the class path. */
@org.jspecify.annotations.NullMarked
package dev.moitessier.prscd.micrometer;
