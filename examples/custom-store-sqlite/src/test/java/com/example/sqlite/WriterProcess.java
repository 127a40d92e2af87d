package com.example.sqlite;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Content;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;

/** A process that appends until it is killed, and prints each acknowledgement on a line: scope, text, position. */
final class WriterProcess {
    private WriterProcess() {}

    /** Arguments: file, seed, number of scopes, prefix of the texts. Ends by itself after two minutes. */
    public static void main(String[] arguments) {
        Random random = new Random(Long.parseLong(arguments[1]));
        int scopes = Integer.parseInt(arguments[2]);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        try (SqliteStore store = SqliteStore.open(Path.of(arguments[0]))) {
            for (int number = 0; System.nanoTime() < end; ) {
                List<Append> batch = new ArrayList<>();
                List<String> lines = new ArrayList<>();
                for (int left = 1 + random.nextInt(8); left > 0; left--) {
                    String scope = "scope/" + random.nextInt(scopes);
                    String text = arguments[3] + number++;
                    batch.add(say(scope, text));
                    lines.add(scope + " " + text);
                }
                List<Appended> answers = store.append(batch);
                for (int i = 0; i < answers.size(); i++) {
                    if (answers.get(i) instanceof Appended.Stored stored) {
                        out.println(lines.get(i) + " " + stored.position());
                    }
                }
            }
        }
    }

    /** With a body of some pages, so that a transaction is more than one write. */
    static Append say(String scope, String text) {
        byte[] body = (text + " " + "x".repeat(5_000)).getBytes(StandardCharsets.UTF_8);
        Content content =
                new Content(new Party("writer", ""), null, Payload.wrap(body), true, Map.of(), Map.of("text", text));
        return new Append(UUID.randomUUID(), scope, content, OptionalLong.empty(), Duration.ofMinutes(1));
    }
}
