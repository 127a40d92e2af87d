package dev.moitessier.prscd;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What is answered to plain requests, on either transport. */
final class Routes {
    private static final String INFO = PrscdServer.PATH + "/info";

    private final BooleanSupplier ready;
    private final Optional<String> dumpToken;
    private final Supplier<CompletionStage<String>> dump;
    private final Pages pages;
    private final Supplier<Optional<String>> info;

    Routes(
            BooleanSupplier ready,
            Optional<String> dumpToken,
            Supplier<CompletionStage<String>> dump,
            Pages pages,
            Supplier<Optional<String>> info) {
        this.ready = ready;
        this.dumpToken = dumpToken;
        this.dump = dump;
        this.pages = pages;
        this.info = info;
    }

    /** The names of the headers are in lower case, as HTTP/3 wants them. */
    record Answer(int status, String contentType, byte[] body, Map<String, String> headers) {
        private static final Map<String, String> NOT_KEPT = Map.of("cache-control", "no-store");

        static Answer of(int status, String contentType, String body) {
            return new Answer(status, contentType, body.getBytes(StandardCharsets.UTF_8), NOT_KEPT);
        }

        static Answer text(int status, String body) {
            return of(status, "text/plain; charset=utf-8", body + "\n");
        }
    }

    /** {@code header}: the value of a header of the request by its name in lower case, or null. */
    CompletionStage<Answer> answer(String method, String requestTarget, Function<String, @Nullable String> header) {
        String path = Target.parse(requestTarget).path();
        if (!method.equals("GET")) {
            return CompletableFuture.completedStage(Answer.text(405, "GET only"));
        }
        return switch (path) {
            case "/healthz" -> CompletableFuture.completedStage(Answer.text(200, "ok"));
            case "/readyz" ->
                CompletableFuture.completedStage(
                        ready.getAsBoolean() ? Answer.text(200, "ready") : Answer.text(503, "not ready"));
            case "/dump" -> dump(header.apply("authorization"));
            case INFO -> CompletableFuture.completedStage(info());
            case PrscdServer.PATH ->
                CompletableFuture.completedStage(Answer.text(426, "a WebSocket or a WebTransport session, please"));
            default -> {
                Answer page = pages.answer(path, header.apply("if-none-match"));
                yield CompletableFuture.completedStage(page == null ? Answer.text(404, "not found") : page);
            }
        };
    }

    private Answer info() {
        return info.get()
                .map(json -> Answer.of(200, "application/json", json))
                .orElseGet(() -> Answer.text(404, "not found"));
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
                        ? Answer.of(200, "application/json", json)
                        : Answer.text(503, "the rooms do not answer"));
    }
}
