package dev.moitessier.store;

import com.typesafe.config.Config;

/** Opens a store from configuration; found by {@link java.util.ServiceLoader}. Implementations have a public constructor without arguments. */
public interface StoreProvider {
    /** What {@code moitessier.store} says to choose it: lower case letters, digits and dashes. */
    String name();

    /**
     * Opens the store.
     *
     * @param config the section {@code moitessier.<name>}, with the defaults of the module's {@code reference.conf} filled in
     * @throws StoreException.Misconfigured if a value is wrong; the message names the key
     * @throws com.typesafe.config.ConfigException if a key is missing or has the wrong type
     */
    MailboxStore open(Config config);
}
