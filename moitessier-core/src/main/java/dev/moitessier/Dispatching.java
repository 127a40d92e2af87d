package dev.moitessier;

import dev.moitessier.store.Appender;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** The steps of a dispatch: check, resolve scopes, members, handlers, append, result. */
final class Dispatching {
    Dispatching(Node node) {}
    Dispatched dispatch(Dispatch dispatch) { throw new UnsupportedOperationException(); }
    CompletionStage<Dispatched> dispatchAsync(Dispatch dispatch) { throw new UnsupportedOperationException(); }
    void flush() throws InterruptedException { throw new UnsupportedOperationException(); }
    Dispatcher within(Appender transaction) { throw new UnsupportedOperationException(); }
    List<Recipient> recipients(Dispatched dispatched) { throw new UnsupportedOperationException(); }
    /** Drains what was accepted, at most for the call timeout; afterwards every call is an {@link IllegalStateException}. */
    void close() { throw new UnsupportedOperationException(); }
}
