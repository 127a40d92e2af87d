package dev.moitessier.prscd;

import java.util.concurrent.CompletionStage;

/**
 * Decides which realm a client enters, if any. Called on an event loop by many threads at once: it must not block; who has to
 * ask a database answers with a stage that completes later. A stage that fails, or outlasts
 * {@code prscd.limits.handshake-timeout}, turns the client away for now; it comes back by itself.
 */
@FunctionalInterface
public interface Authenticator {
    CompletionStage<Admission> admit(ConnectionAttempt attempt);
}
