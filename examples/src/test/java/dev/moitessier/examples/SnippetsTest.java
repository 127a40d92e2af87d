package dev.moitessier.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Java in the documentation is Java that is compiled and run here: a block that follows {@code <!-- snippet: name -->} is the
 * region between {@code // snippet: name} and {@code // end} of a source.
 */
class SnippetsTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    /** Documents in which every block of Java must be a snippet. */
    private static final List<String> ALL_TESTED = List.of(
            "README.md",
            "docs/concepts.md",
            "docs/configuration.md",
            "docs/coming-from-go.md",
            "docs/architecture.md",
            "docs/prscd.md",
            "docs/store-postgres.md",
            "docs/write-a-store.md",
            "docs/yomo.md");

    /** A block of Java in a document. */
    private record Block(String document, int line, String snippet, String code) {}

    @Test
    void everySnippetInTheDocumentationIsItsSource() throws IOException {
        Map<String, String> regions = regions();
        List<Block> blocks = blocks();
        assertThat(blocks).hasSizeGreaterThan(10);
        assertThat(blocks).filteredOn(block -> !block.snippet().isEmpty()).allSatisfy(block -> assertThat(block.code())
                .as("%s:%d, snippet %s", block.document(), block.line(), block.snippet())
                .isEqualTo(regions.get(block.snippet())));
        assertThat(blocks)
                .filteredOn(block -> ALL_TESTED.contains(block.document()))
                .as("blocks of Java that no source stands behind")
                .noneMatch(block -> block.snippet().isEmpty());
    }

    @Test
    void everyLinkBetweenDocumentsLeadsSomewhere() throws IOException {
        List<String> dead = new ArrayList<>();
        for (Path document : documents()) {
            String text = Files.readString(document);
            Matcher link = Pattern.compile("]\\(([^)#:]+)(#[^)]*)?\\)").matcher(text);
            while (link.find()) {
                if (!Files.exists(document.resolveSibling(link.group(1)))) {
                    dead.add(ROOT.relativize(document) + " -> " + link.group(1));
                }
            }
        }
        assertThat(dead).isEmpty();
    }

    private static List<Path> documents() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT.resolve("docs"))) {
            return Stream.concat(Stream.of(ROOT.resolve("README.md")), files)
                    .filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    private static List<Block> blocks() throws IOException {
        List<Block> blocks = new ArrayList<>();
        for (Path document : documents()) {
            List<String> lines = Files.readAllLines(document);
            for (int i = 0; i < lines.size(); i++) {
                if (lines.get(i).equals("```java")) {
                    int end = i + lines.subList(i, lines.size()).indexOf("```");
                    String before = i == 0 ? "" : lines.get(i - 1);
                    String snippet = before.startsWith("<!-- snippet: ")
                            ? before.substring("<!-- snippet: ".length(), before.length() - " -->".length())
                            : "";
                    blocks.add(new Block(
                            ROOT.relativize(document).toString().replace('\\', '/'),
                            i + 1,
                            snippet,
                            String.join("\n", lines.subList(i + 1, end))));
                    i = end;
                }
            }
        }
        return blocks;
    }

    private static Map<String, String> regions() throws IOException {
        Map<String, String> regions = new HashMap<>();
        List<Path> sources;
        Path examples = ROOT.resolve("examples");
        try (Stream<Path> ours = Files.walk(examples.resolve("src"));
                Stream<Path> store = Files.walk(examples.resolve("custom-store-sqlite/src"));
                Stream<Path> postgres = Files.walk(ROOT.resolve("store-postgres/src/test"))) {
            sources = Stream.of(ours, store, postgres)
                    .flatMap(files -> files)
                    .filter(file -> file.toString().endsWith(".java"))
                    .toList();
        }
        for (Path source : sources) {
            List<String> lines = Files.readAllLines(source);
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i).strip();
                if (line.startsWith("// snippet: ")) {
                    int end = i;
                    while (!lines.get(end).strip().equals("// end")) {
                        end++;
                    }
                    String before =
                            regions.put(line.substring("// snippet: ".length()), dedented(lines.subList(i + 1, end)));
                    assertThat(before).as(line + " twice").isNull();
                }
            }
        }
        return regions;
    }

    private static String dedented(List<String> lines) {
        return lines.stream().collect(Collectors.joining("\n")).stripIndent();
    }
}
