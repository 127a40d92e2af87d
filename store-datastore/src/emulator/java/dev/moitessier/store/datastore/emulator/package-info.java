/** Google's emulators, for the tests of the store and for what else is tested on it. */
@NullMarked
package dev.moitessier.store.datastore.emulator;

import org.jspecify.annotations.NullMarked;
