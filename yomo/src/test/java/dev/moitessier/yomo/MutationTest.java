package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * What Go wrote, changed here and there: 100,000 streams and as many metadata that must keep the {@link Laws}. Jazzer looks
 * for more in the long tests. {@code -Dyomo.mutation.seed=…} repeats a run.
 */
class MutationTest {
    private static final int INPUTS = 100_000;

    private final long seed = Long.getLong("yomo.mutation.seed", System.nanoTime());

    @Test
    void streams() {
        List<byte[]> originals = new ArrayList<>();
        Vectors.of("decoded.tsv").forEach(vector -> originals.add(vector.bytes(0)));
        Vectors.of("messages.tsv").forEach(vector -> originals.add(vector.bytes(2)));
        Vectors.of("handshakes.tsv").forEach(vector -> originals.add(vector.bytes(9)));
        hold(originals, Laws::holdForStream);
    }

    @Test
    void metadata() {
        List<byte[]> originals = new ArrayList<>();
        Vectors.of("metadata.tsv").forEach(vector -> originals.add(vector.bytes(2)));
        originals.add(HexFormat.of().parseHex("83a161a162d90161da000161c0db00000001c4"));
        hold(originals, Laws::holdForMetadata);
    }

    private void hold(List<byte[]> originals, Consumer<byte[]> law) {
        originals.removeIf(original -> original.length > 2_000);
        Random random = new Random(seed);
        for (int i = 0; i < INPUTS; i++) {
            byte[] input = mutated(originals.get(random.nextInt(originals.size())), random);
            try {
                law.accept(input);
            } catch (RuntimeException | Error broken) {
                throw new AssertionError(
                        "seed " + seed + ", input " + i + ": " + HexFormat.of().formatHex(input), broken);
            }
        }
        assertThat(originals).hasSizeGreaterThan(10);
    }

    private static byte[] mutated(byte[] original, Random random) {
        byte[] input = original.clone();
        for (int changes = 1 + random.nextInt(4); changes > 0 && input.length > 0; changes--) {
            int at = random.nextInt(Math.min(input.length, random.nextBoolean() ? 12 : input.length));
            switch (random.nextInt(5)) {
                case 0 -> input[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> input[at] = (byte) random.nextInt(256);
                case 2 -> input[at] = (byte) 0xFF;
                case 3 -> input = Arrays.copyOf(input, at);
                default -> {
                    byte[] longer = Arrays.copyOf(input, input.length + 1);
                    System.arraycopy(input, at, longer, at + 1, input.length - at);
                    longer[at] = (byte) random.nextInt(256);
                    input = longer;
                }
            }
        }
        return input;
    }
}
