package dev.moitessier.store.postgres;

import java.sql.Connection;
import java.sql.SQLException;

/** Opens connections that are kept: for LISTEN, and for the volatile lane. */
@FunctionalInterface
interface Dedicated {
    Connection connect() throws SQLException;
}
