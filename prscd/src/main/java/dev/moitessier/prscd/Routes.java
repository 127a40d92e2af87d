package dev.moitessier.prscd;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What is answered to plain requests, on either transport. */
final class Routes {
    private final BooleanSupplier ready;
    private final Optional<String> dumpToken;
    private final Supplier<CompletionStage<String>> dump;

    Routes(BooleanSupplier ready, Optional<String> dumpToken, Supplier<CompletionStage<String>> dump) {
        this.ready = ready;
        this.dumpToken = dumpToken;
        this.dump = dump;
    }

    record Answer(int status, String contentType, String body) {
        static Answer text(int status, String body) {
            return new Answer(status, "text/plain; charset=utf-8", body + "\n");
        }
    }

    CompletionStage<Answer> answer(String method, String requestTarget, @Nullable String authorization) {
        String path = Target.parse(requestTarget).path();
        if (!method.equals("GET")) {
            return CompletableFuture.completedStage(Answer.text(405, "GET only"));
        }
        return switch (path) {
            case "/healthz" -> CompletableFuture.completedStage(Answer.text(200, "ok"));
            case "/readyz" ->
                CompletableFuture.completedStage(
                        ready.getAsBoolean() ? Answer.text(200, "ready") : Answer.text(503, "not ready"));
            case "/dump" -> dump(authorization);
            case PrscdServer.PATH ->
                CompletableFuture.completedStage(Answer.text(426, "a WebSocket or a WebTransport session, please"));
            default -> CompletableFuture.completedStage(Answer.text(404, "not found"));
        };
    }

    private CompletionStage<Answer> dump(@Nullable String authorization) {
        // Without a token there is no such thing, so that nobody can try tokens.
        if (dumpToken.isEmpty()) {
            return CompletableFuture.completedStage(Answer.text(404, "not found"));
        }
        byte[] wanted = ("Bearer " + dumpToken.get()).getBytes(StandardCharsets.UTF_8);
        byte[] given = (authorization == null ? "" : authorization).getBytes(StandardCharsets.UTF_8);
        if (!MessageDigest.isEqual(wanted, given)) {
            return CompletableFuture.completedStage(Answer.text(401, "Authorization: Bearer TOKEN"));
        }
        return dump.get()
                .handle((json, failure) -> failure == null
                        ? new Answer(200, "application/json", json)
                        : Answer.text(503, "the rooms do not answer"));
    }
}
