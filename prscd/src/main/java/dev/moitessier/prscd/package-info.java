/** Rooms for unmodified Presencejs clients: channels, peers and presence over any number of nodes on one store. */
@NullMarked
package dev.moitessier.prscd;

import org.jspecify.annotations.NullMarked;
