package dev.moitessier.psig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an attacker sends costs one exception, and no more memory than a small multiple of what was sent. */
class HostileInputTest {
    /** An exception and its stack trace. */
    private static final int SLACK = 16 * 1024;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                       | 0 | the message ends too early",
                "81                       | 0 | declares 2 values, and 0 bytes are left",
                "81 a1 74                 | 3 | the message ends too early",
                "81 a1 74 a4 64 61        | 3 | declares 4 bytes, and 2 bytes are left",
                "81 a1 74 da 01           | 5 | the message ends too early",
                "81 a1 74 db 80 00 00 00  | 3 | declares 2147483648 bytes, and 0 bytes are left",
                "81 a1 74 db ff ff ff ff  | 3 | declares 4294967295 bytes, and 0 bytes are left",
                "81 a2 70 6c c6 7f ff ff ff 00 | 4 | declares 2147483647 bytes, and 1 bytes are left",
                "df ff ff ff ff a1 74     | 0 | declares 8589934590 values, and 2 bytes are left",
                "de 00 02 a1 74 a0        | 0 | declares 4 values, and 3 bytes are left",
                "dd ff ff ff ff c0        | 0 | array of 4294967295 elements for 8 fields",
                "97 c0 c0 c0 c0 c0 c0 c0  | 0 | array of 7 elements for 8 fields",
                "81 a1 78 dd ff ff ff ff  | 3 | declares 4294967295 values, and 0 bytes are left",
                "81 a1 78 df ff ff ff ff 00 | 3 | declares 8589934590 values, and 1 bytes are left",
                "81 a1 78 c9 ff ff ff ff  | 3 | declares 4294967296 bytes, and 0 bytes are left",
                "81 a1 78 c1              | 3 | byte 0xc1, which starts no value",
                "81 db ff ff ff ff 00     | 1 | declares 4294967295 bytes, and 1 bytes are left",
                "81 a7 74 74              | 1 | declares 7 bytes, and 2 bytes are left",
                "81 a1 63 a2 c3 28        | 4 | text that is not UTF-8",
                "81 a1 63 a4 61 62 63 ff  | 7 | text that is not UTF-8",
                "81 a1 63 a3 ed a0 80     | 4 | text that is not UTF-8",
                "81 a1 63 c3              | 3 | BOOLEAN where text or bytes is expected",
                "81 a2 70 6c 80           | 4 | FIXMAP where text or bytes is expected",
                "a4 74 65 78 74           | 0 | FIXSTR where a map is expected",
                "c1                       | 0 | NEVER_USED where a map is expected",
                "80 c0                    | 1 | 1 bytes after the end of the message",
            })
    void isRefusedWithOffsetAndReason(String hex, int offset, String reason) {
        byte[] message = HexFormat.of().parseHex(hex.replace(" ", ""));

        for (ByteBuffer buffer : new ByteBuffer[] {
            ByteBuffer.wrap(message),
            ByteBuffer.allocateDirect(message.length).put(message).flip()
        }) {
            assertThatThrownBy(() -> Signalling.decode(buffer))
                    .isInstanceOfSatisfying(MalformedMessageException.class, e -> {
                        assertThat(e.reason()).isEqualTo(reason);
                        assertThat(e.offset()).isEqualTo(offset);
                    });
        }
        Laws.hold(message);
    }

    @Test
    void everyBeginningOfAMessageIsRefused() {
        byte[] message = Signalling.data("комната", new ChannelEvent("e", "d"))
                .withSid("s")
                .withAppId("a")
                .withMeshId("m")
                .encode();
        for (int length = 0; length < message.length; length++) {
            byte[] cut = Arrays.copyOf(message, length);
            assertThatThrownBy(() -> Signalling.decode(cut)).isInstanceOf(MalformedMessageException.class);
        }
        Signalling.decode(message);
    }

    @Test
    void nestingBombsOverflowNoStack() {
        byte[] arrays = bomb((byte) 0x91);
        byte[] maps = bomb((byte) 0x81);
        byte[] key = arrays.clone();
        Arrays.fill(key, 1, key.length, (byte) 0x91);

        for (byte[] bomb : new byte[][] {arrays, maps, key}) {
            assertThatThrownBy(() -> Signalling.decode(bomb))
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageStartingWith("nested deeper than 64 at offset ");
            assertThatThrownBy(() -> ChannelEvent.decode(ByteBuffer.wrap(bomb)))
                    .isInstanceOf(MalformedMessageException.class);
            Laws.hold(bomb);
        }
    }

    /** A map whose first key is unknown and whose first value opens a container with each byte. */
    private static byte[] bomb(byte opener) {
        byte[] bomb = new byte[1 << 20];
        Arrays.fill(bomb, opener);
        bomb[0] = (byte) 0x81;
        bomb[1] = (byte) 0xa1;
        bomb[2] = 'x';
        return bomb;
    }

    @Test
    void allocatesNoMoreThanWasSent() {
        byte[] bomb = bomb((byte) 0x91);
        assertThat(allocatedBy(bomb)).isLessThan(SLACK);
        for (String hex : new String[] {
            "81a174db7fffffff", "81a2706cc67fffffff00", "dfffffffff", "81a178ddffffffff", "81dbffffffff00"
        }) {
            assertThat(allocatedBy(HexFormat.of().parseHex(hex))).as(hex).isLessThan(SLACK);
        }
        byte[] notUtf8 = new byte[(1 << 20) + 8];
        Arrays.fill(notUtf8, (byte) 'a');
        System.arraycopy(HexFormat.of().parseHex("81a163db00100000"), 0, notUtf8, 0, 8);
        notUtf8[notUtf8.length - 1] = (byte) 0xff;
        assertThat(allocatedBy(notUtf8)).isLessThan(8 * notUtf8.length);
    }

    private static long allocatedBy(byte[] message) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) { // the first ones load classes
            long before = threads.getCurrentThreadAllocatedBytes();
            try {
                Signalling.decode(message);
                throw new AssertionError("accepted");
            } catch (MalformedMessageException expected) {
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
        }
        return least;
    }
}
