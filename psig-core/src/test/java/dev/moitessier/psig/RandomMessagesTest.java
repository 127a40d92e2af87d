package dev.moitessier.psig;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Messages in all the forms that a decoder must take, made together with what they mean; then the same with a few bytes
 * broken. A failure prints its seed; {@code -Dpsig.seed=…} repeats that one message.
 */
class RandomMessagesTest {
    private static final List<String> KEYS = List.of("t", "op", "c", "sid", "pl", "p", "app", "mesh");
    private static final List<String> TEXTS =
            List.of("", "data", "control", "peer_state", "room", "é", "комната", "😀", "\u0000", "\ufffd");

    @Test
    void areReadAsMeant() {
        check(10_000);
    }

    @Test
    @Tag("long")
    void areReadAsMeantForLong() {
        check(500_000);
    }

    private static void check(int messages) {
        Long replay = Long.getLong("psig.seed");
        long first = replay != null ? replay : System.nanoTime();
        for (long seed = first; seed < first + (replay != null ? 1 : messages); seed++) {
            try {
                checkOne(new SplittableRandom(seed));
            } catch (Throwable e) {
                throw new AssertionError("repeat with -Dpsig.seed=" + seed, e);
            }
        }
    }

    private static void checkOne(SplittableRandom random) {
        Generator generator = new Generator(random);
        byte[] message = generator.message();

        assertThat(Signalling.decode(message)).isEqualTo(generator.meant());
        Laws.hold(message);

        byte[] broken = breakSome(message, random);
        Laws.hold(broken);
    }

    private static byte[] breakSome(byte[] message, SplittableRandom random) {
        byte[] broken = message.clone();
        for (int i = random.nextInt(1, 4); i > 0 && broken.length > 0; i--) {
            int at = random.nextInt(broken.length);
            switch (random.nextInt(4)) {
                case 0 -> broken[at] = (byte) random.nextInt(256);
                case 1 -> broken[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> broken = Arrays.copyOf(broken, at);
                default -> broken = Arrays.copyOf(broken, broken.length + random.nextInt(1, 5));
            }
        }
        return broken;
    }

    private static final class Generator {
        private final SplittableRandom random;
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final byte[][] values = new byte[KEYS.size()][0];

        Generator(SplittableRandom random) {
            this.random = random;
        }

        Signalling meant() {
            return Signalling.of(text(0), text(1), text(2))
                    .withSid(text(3))
                    .withPayload(values[4])
                    .withCid(text(5))
                    .withAppId(text(6))
                    .withMeshId(text(7));
        }

        private String text(int field) {
            return new String(values[field], UTF_8);
        }

        byte[] message() {
            switch (random.nextInt(6)) {
                case 0:
                    return plain();
                case 1:
                case 2:
                    return nearlyPlain();
                default:
                    break;
            }
            if (random.nextInt(10) == 0) {
                header(0x90, 16, 0xdc, KEYS.size(), false);
                for (int field = 0; field < KEYS.size(); field++) {
                    value(field);
                }
                return out.toByteArray();
            }
            int pairs = random.nextInt(14);
            header(0x80, 16, 0xde, pairs, false);
            for (int i = 0; i < pairs; i++) {
                int field = random.nextInt(KEYS.size() + 3);
                if (field < KEYS.size()) {
                    content(KEYS.get(field).getBytes(UTF_8), random.nextInt(10) == 0);
                    value(field);
                } else {
                    unknownKey();
                    any(random.nextInt(5));
                }
            }
            return out.toByteArray();
        }

        /** As Go writes it, which is what the rewriter copies. */
        private byte[] plain() {
            for (int field = 0; field < KEYS.size(); field++) {
                values[field] = field == 4 ? payload() : text();
            }
            return meant().encode();
        }

        /** In Go's order, most values in their shortest form: on the edge of what the rewriter copies. */
        private byte[] nearlyPlain() {
            int present = random.nextInt(256) | random.nextInt(256);
            out.write(0x80 | Integer.bitCount(present));
            for (int field = 0; field < KEYS.size(); field++) {
                if ((present & 1 << field) != 0) {
                    byte[] key = KEYS.get(field).getBytes(UTF_8);
                    out.write(0xa0 | key.length);
                    out.writeBytes(key);
                    if (random.nextInt(8) == 0) {
                        value(field);
                    } else {
                        values[field] = new byte[] {(byte) ('a' + random.nextInt(26))};
                        out.writeBytes(field == 4 ? new byte[] {(byte) 0xc4, 1} : new byte[] {(byte) 0xa1});
                        out.writeBytes(values[field]);
                    }
                }
            }
            return out.toByteArray();
        }

        private void value(int field) {
            if (random.nextInt(12) == 0) {
                out.write(0xc0);
                values[field] = new byte[0];
            } else {
                values[field] = field == 4 ? payload() : text();
                content(values[field], random.nextInt(4) == 0);
            }
        }

        private byte[] text() {
            return random.nextInt(8) == 0
                    ? "x".repeat(random.nextInt(300)).getBytes(UTF_8)
                    : TEXTS.get(random.nextInt(TEXTS.size())).getBytes(UTF_8);
        }

        private byte[] payload() {
            byte[] payload = new byte[random.nextInt(200) == 0 ? random.nextInt(70_000) : random.nextInt(40)];
            for (int i = 0; i < payload.length; i++) {
                payload[i] = (byte) random.nextInt(256);
            }
            return payload;
        }

        private void content(byte[] bytes, boolean asBin) {
            if (asBin) {
                header(-1, 0, 0xc4, bytes.length, true);
            } else {
                header(0xa0, 32, 0xd9, bytes.length, true);
            }
            out.writeBytes(bytes);
        }

        /** A header in its shortest or in a longer form. */
        private void header(int fix, int fixBelow, int first, int size, boolean has8) {
            int form = random.nextInt(6);
            if (fix >= 0 && size < fixBelow && form < 3) {
                out.write(fix | size);
            } else if (has8 && size < 0x100 && form < 4) {
                out.write(first);
                out.write(size);
            } else if (size < 0x1_0000 && form < 5) {
                out.write(has8 ? first + 1 : first);
                out.write(size >> 8);
                out.write(size);
            } else {
                out.write(has8 ? first + 2 : first + 1);
                out.writeBytes(ByteBuffer.allocate(4).putInt(size).array());
            }
        }

        private void unknownKey() {
            if (random.nextBoolean()) {
                content(("x" + random.nextInt()).getBytes(UTF_8), false);
            } else {
                any(2);
            }
        }

        /** Any value; as a key none of these is a known one. */
        private void any(int depth) {
            switch (random.nextInt(depth > 0 ? 9 : 7)) {
                case 0 ->
                    out.write(List.of(0xc0, 0xc2, 0xc3, 0x00, 0x7f, 0xe0, 0xff).get(random.nextInt(7)));
                case 1 -> scalar(0xcc + random.nextInt(8)); // uint8 to int64
                case 2 -> scalar(0xca + random.nextInt(2)); // floats
                case 3 -> content(("y" + "z".repeat(random.nextInt(300))).getBytes(UTF_8), random.nextBoolean());
                case 4 -> content(new byte[] {(byte) 0xff, (byte) 0xc1}, random.nextBoolean());
                case 5 -> {
                    int power = random.nextInt(5);
                    out.write(0xd4 + power); // fixext
                    out.writeBytes(new byte[1 + (1 << power)]);
                }
                case 6 -> {
                    int size = random.nextInt(300);
                    header(-1, 0, 0xc7, size, true); // ext8 to ext32
                    out.writeBytes(new byte[1 + size]);
                }
                case 7 -> {
                    int size = random.nextInt(18);
                    header(0x90, 16, 0xdc, size, false);
                    for (int i = 0; i < size; i++) {
                        any(depth - 1);
                    }
                }
                default -> {
                    int size = random.nextInt(6);
                    header(0x80, 16, 0xde, size, false);
                    for (int i = 0; i < 2 * size; i++) {
                        any(depth - 1);
                    }
                }
            }
        }

        private void scalar(int header) {
            out.write(header);
            int width =
                    switch (header) {
                        case 0xcc, 0xd0 -> 1;
                        case 0xcd, 0xd1 -> 2;
                        case 0xca, 0xce, 0xd2 -> 4;
                        default -> 8;
                    };
            out.writeBytes(new byte[width]);
        }
    }
}
