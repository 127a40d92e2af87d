/**
 * YoMo in Java: functions and sources on a zipper, as Go programs with github.com/yomorun/yomo have them.
 *
 * <p>Spec version 2024-01-03: zippers 1.17.2 to 1.22.3, and 1.16.x, which does not ask. A
 * {@link dev.moitessier.yomo.StreamFunction} observes tags and is called for each frame; a
 * {@link dev.moitessier.yomo.Source} writes frames. Delivery through a zipper is at most once: it confirms nothing.
 */
@org.jspecify.annotations.NullMarked
package dev.moitessier.yomo;
