/**
 * Parts that a store can be made of, for its author: what every store would otherwise write again. None is needed to keep the
 * contract, and nothing of Moitessier looks for them in a store.
 */
@NullMarked
package dev.moitessier.store.parts;

import org.jspecify.annotations.NullMarked;
