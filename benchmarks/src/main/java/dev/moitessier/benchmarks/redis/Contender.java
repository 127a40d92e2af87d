package dev.moitessier.benchmarks.redis;

/** A way of sending, driven by some callers at once. */
interface Contender {
    String name();

    /** Makes one caller's means, on the caller's thread. */
    Caller caller() throws Exception;

    /** One caller: blocks until what it sent is acknowledged. */
    interface Caller extends AutoCloseable {
        void send(String scope) throws Exception;

        /** Returns when everything it has sent is acknowledged. */
        default void flush() throws Exception {}

        @Override
        default void close() {}
    }
}
