package dev.moitessier.benchmarks.sending;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What is printed, and beside it every single measurement. */
public final class Report {
    private final StringBuilder lines = new StringBuilder();
    private final StringBuilder raw = new StringBuilder();
    private int missed;

    public void line(String line) {
        System.out.println(line);
        lines.append(line).append('\n');
    }

    public void raw(String line) {
        raw.append(line).append('\n');
    }

    /** A ratio with its bar. */
    public void atLeast(String what, double ratio, double bar) {
        verdict(what, ratio, "at least", bar, ratio >= bar);
    }

    public void atMost(String what, double ratio, double bar) {
        verdict(what, ratio, "at most", bar, ratio <= bar);
    }

    private void verdict(String what, double ratio, String word, double bar, boolean met) {
        missed += met ? 0 : 1;
        line("  %-62s %6.2f  (%s %s %.2f)".formatted(what, ratio, met ? "bar:" : "MISSES the bar:", word, bar));
    }

    public void write(Path file) throws IOException {
        line(missed == 0 ? "\nall bars met" : "\n" + missed + " bars missed");
        Files.writeString(file, lines + "\nraw\n" + raw);
    }
}
