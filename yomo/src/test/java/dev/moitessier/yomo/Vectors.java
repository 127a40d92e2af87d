package dev.moitessier.yomo;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/** What the Go program in src/test/go has written: see its vectors.go for the format. */
final class Vectors {
    static final List<String> FILES =
            List.of("data.tsv", "handshakes.tsv", "messages.tsv", "decoded.tsv", "metadata.tsv");
    private static final Path DIRECTORY = Path.of("src", "test", "resources", "vectors");

    private Vectors() {}

    record Vector(String name, List<String> columns) {
        byte[] bytes(int column) {
            return unfold(columns.get(column));
        }

        String text(int column) {
            return new String(bytes(column), StandardCharsets.UTF_8);
        }

        int number(int column) {
            return Integer.parseUnsignedInt(columns.get(column), 16);
        }

        int[] numbers(int column) {
            String text = columns.get(column);
            return text.equals("-")
                    ? new int[0]
                    : List.of(text.split(",")).stream()
                            .mapToInt(each -> Integer.parseUnsignedInt(each, 16))
                            .toArray();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Vector> of(String file) {
        return read(file)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> List.of(line.split("\t")))
                .map(columns -> new Vector(columns.get(0), columns.subList(1, columns.size())))
                .toList();
    }

    static String read(String file) {
        try {
            return Files.readString(DIRECTORY.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] unfold(String text) {
        var bytes = new ByteArrayOutputStream();
        if (!text.equals("-")) {
            for (String token : text.split(" ")) {
                int star = token.indexOf('*');
                byte[] part = HexFormat.of().parseHex(star < 0 ? token : token.substring(0, star));
                for (int i = star < 0 ? 1 : Integer.parseInt(token.substring(star + 1)); i > 0; i--) {
                    bytes.writeBytes(part);
                }
            }
        }
        return bytes.toByteArray();
    }

    /** The same text as Go's bin(). */
    static String fold(byte[] bytes) {
        if (bytes.length == 0) {
            return "-";
        }
        StringBuilder text = new StringBuilder();
        int plain = 0;
        for (int i = 0; i < bytes.length; ) {
            int end = i;
            while (end < bytes.length && bytes[end] == bytes[i]) {
                end++;
            }
            if (end - i >= 16) {
                if (plain < i) {
                    text.append(HexFormat.of().formatHex(bytes, plain, i)).append(' ');
                }
                text.append(HexFormat.of().formatHex(bytes, i, i + 1))
                        .append('*')
                        .append(end - i)
                        .append(' ');
                plain = end;
            }
            i = end;
        }
        text.append(HexFormat.of().formatHex(bytes, plain, bytes.length));
        return text.toString().strip();
    }
}
