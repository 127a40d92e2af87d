package dev.moitessier.benchmarks.sending;

import java.sql.SQLException;

/** A way of sending, driven by some callers at once. */
public interface Contender {
    String name();

    /** Makes one caller's means, on the caller's thread. */
    Caller caller() throws Exception;

    /** One caller: blocks until what it sent is committed, or acknowledged. */
    interface Caller extends AutoCloseable {
        void send(String scope) throws Exception;

        /** Returns when everything it has sent is committed, or acknowledged. */
        default void flush() throws Exception {}

        @Override
        default void close() throws SQLException {}
    }
}
