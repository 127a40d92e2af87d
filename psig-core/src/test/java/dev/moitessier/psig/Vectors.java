package dev.moitessier.psig;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/** The files that the Go program under {@code src/test/go} writes; it explains their form. */
final class Vectors {
    static final List<String> FILES =
            List.of("signallings.tsv", "events.tsv", "replies.tsv", "decoded.tsv", "decoded-events.tsv");

    /** Where the program is, from the module's directory. */
    static final Path PROGRAM = Path.of("src", "test", "go");

    /** One line: a name, and columns of bytes. */
    record Vector(String name, List<String> columns) {
        byte[] bytes(int column) {
            return unpack(columns.get(column));
        }

        String text(int column) {
            return new String(bytes(column), StandardCharsets.UTF_8);
        }

        /** Where Go refused the input. */
        boolean isError() {
            return columns.get(columns.size() - 1).equals("error");
        }

        /** Eight columns from this one on. */
        Signalling signalling(int column) {
            return Signalling.of(text(column), text(column + 1), text(column + 2))
                    .withSid(text(column + 3))
                    .withPayload(bytes(column + 4))
                    .withCid(text(column + 5))
                    .withAppId(text(column + 6))
                    .withMeshId(text(column + 7));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private Vectors() {}

    static List<Vector> of(String file) {
        return read(file)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> List.of(line.split("\t", -1)))
                .map(columns -> new Vector(columns.get(0), columns.subList(1, columns.size())))
                .toList();
    }

    static String read(String file) {
        try (InputStream in = Objects.requireNonNull(Vectors.class.getResourceAsStream(file), file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] unpack(String packed) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (!packed.equals("-")) {
            for (String token : packed.split(" ")) {
                int star = token.indexOf('*');
                int times = star < 0 ? 1 : Integer.parseInt(token.substring(star + 1));
                byte[] once = HexFormat.of().parseHex(star < 0 ? token : token.substring(0, star));
                for (int i = 0; i < times; i++) {
                    bytes.writeBytes(once);
                }
            }
        }
        return bytes.toByteArray();
    }
}
