package com.example.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A store is a piece of work that one person oversees; should it grow beyond this, something is missing in Moitessier. */
class SizeTest {
    private static final int MOST = 900;
    private static final Pattern NO_CODE = Pattern.compile("\\s*|\\s*(//|--|/?\\*).*|(package|import) .*");

    @Test
    void theMainCodeStaysBelow900Lines() throws IOException {
        long lines = 0;
        try (Stream<Path> files = Files.walk(Path.of("src/main"))) {
            for (Path file : files.filter(each -> each.toString().matches(".*\\.(java|sql)"))
                    .toList()) {
                List<String> code = Files.readAllLines(file).stream()
                        .filter(line -> !NO_CODE.matcher(line).matches())
                        .toList();
                lines += code.size();
            }
        }
        System.out.println("Main code: " + lines + " lines of Java and SQL");
        assertThat(lines).isGreaterThan(100).isLessThan(MOST);
    }
}
