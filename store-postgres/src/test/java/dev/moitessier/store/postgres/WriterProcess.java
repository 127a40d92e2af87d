package dev.moitessier.store.postgres;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A process that appends until it is killed, and prints each acknowledgement on a line. What failed without a known outcome it
 * appends again under the same id, as core does.
 */
final class WriterProcess {
    private WriterProcess() {}

    /** Arguments: URL, seed, number of scopes, prefix of the texts. Ends by itself after two minutes. */
    public static void main(String[] arguments) {
        Random random = new Random(Long.parseLong(arguments[1]));
        int scopes = Integer.parseInt(arguments[2]);
        String prefix = arguments[3];
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        try (PostgresStore store = PostgresStore.builder(arguments[0], "postgres", null)
                .callLimit(Duration.ofSeconds(2))
                .hints(false)
                .open()) {
            List<Append> waiting = new ArrayList<>();
            for (int number = 0; System.nanoTime() < end; ) {
                while (waiting.size() < 1 + random.nextInt(8)) {
                    waiting.add(Scratch.say("scope/" + random.nextInt(scopes), prefix + number++));
                }
                List<Appended> answers = store.append(waiting);
                List<Append> again = new ArrayList<>();
                for (int i = 0; i < answers.size(); i++) {
                    if (answers.get(i) instanceof Appended.Stored stored) {
                        out.println(waiting.get(i).scope() + " " + text(waiting.get(i)) + " " + stored.position());
                    } else {
                        again.add(waiting.get(i));
                    }
                }
                waiting = again;
            }
        }
    }

    private static String text(Append append) {
        return new String(append.content().body().toBytes(), StandardCharsets.UTF_8);
    }
}
