package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What the transports are made of, each part for itself. */
final class SmallPartsTest {
    @Nested
    final class TargetTest {
        @Test
        @DisplayName("the id here is the id there, though the client encodes nothing")
        void ids() {
            assertThat(id("ada")).isEqualTo("ada");
            assertThat(id("ada+x@example.org")).isEqualTo("ada+x@example.org");
            assertThat(id("100%")).isEqualTo("100%");
            assertThat(id("50%off")).isEqualTo("50%off");
            assertThat(id("a%20b")).isEqualTo("a b");
            assertThat(id("J%C3%BCrgen")).isEqualTo("Jürgen");
            assertThat(id("a=b")).isEqualTo("a=b");
            assertThat(id("%F0%9F%90%8B")).isEqualTo("🐋");
        }

        @Test
        @DisplayName("raw UTF-8, which arrives as Latin-1, is understood; what is no UTF-8 is no id")
        void bytes() {
            assertThat(id("J\u00c3\u00bcrgen")).isEqualTo("Jürgen");
            assertThat(id("%ff")).isEmpty();
            assertThat(id("\u00fc")).isEmpty();
            assertThat(id("\u4e2d")).isEmpty();
        }

        @Test
        @DisplayName("order, missing parts, repetition, absolute form")
        void forms() {
            assertThat(Target.parse("/v1?id=a&publickey=k")).isEqualTo(new Target("/v1", "k", "a"));
            assertThat(Target.parse("/v1")).isEqualTo(new Target("/v1", "", ""));
            assertThat(Target.parse("/v1?")).isEqualTo(new Target("/v1", "", ""));
            assertThat(Target.parse("/v1?id&publickey")).isEqualTo(new Target("/v1", "", ""));
            assertThat(Target.parse("/v1?id=a&id=b&publickey=k")).isEqualTo(new Target("/v1", "k", "a"));
            assertThat(Target.parse("https://host:1/v1?id=a&publickey=k")).isEqualTo(new Target("/v1", "k", "a"));
            assertThat(Target.parse("https://host")).isEqualTo(new Target("/", "", ""));
            assertThat(Target.parse("")).isEqualTo(new Target("", "", ""));
        }

        @Test
        @DisplayName("a key never shows in a text")
        void secret() {
            assertThat(Target.parse("/v1?publickey=hush&id=a").toString()).doesNotContain("hush");
            assertThat(new ConnectionAttempt("hush", "a", java.util.Optional.empty(), new InetSocketAddress(1))
                            .toString())
                    .doesNotContain("hush");
        }

        private static String id(String raw) {
            return Target.parse("/v1?publickey=k&id=" + raw).clientId();
        }
    }

    @Nested
    final class OriginsTest {
        @Test
        @DisplayName("exact origins, subdomains, everything, nothing; without an origin always")
        void rules() {
            var origins =
                    new Origins(List.of("https://App.example.org/", "https://*.example.com", "http://localhost:3000"));
            assertThat(origins.allow("https://app.example.org")).isTrue();
            assertThat(origins.allow("https://app.example.org:8443")).isFalse();
            assertThat(origins.allow("http://app.example.org")).isFalse();
            assertThat(origins.allow("https://a.b.example.com")).isTrue();
            assertThat(origins.allow("https://example.com")).isFalse();
            assertThat(origins.allow("https://.example.com")).isFalse();
            assertThat(origins.allow("https://evilexample.com")).isFalse();
            assertThat(origins.allow("http://localhost:3000")).isTrue();
            assertThat(origins.allow("null")).isFalse();
            assertThat(origins.allow(null)).isTrue();
            assertThat(new Origins(List.of()).allow("https://app.example.org")).isFalse();
            assertThat(new Origins(List.of("*")).allow("https://app.example.org"))
                    .isTrue();
            assertThatThrownBy(() -> new Origins(List.of("app.example.org"))).hasMessageContaining("app.example.org");
        }
    }

    @Nested
    final class AllowanceTest {
        @Test
        @DisplayName("a burst at once, then the rate; a rest fills it up to the burst again")
        void rate() {
            var allowance = new Allowance(10, 3, 0);
            for (int i = 0; i < 3; i++) {
                assertThat(allowance.trySpend(0)).isTrue();
            }
            assertThat(allowance.trySpend(0)).isFalse();
            assertThat(allowance.trySpend(99_000_000)).isFalse();
            assertThat(allowance.trySpend(101_000_000)).isTrue();
            assertThat(allowance.trySpend(101_000_000)).isFalse();
            long rested = 60_000_000_000L;
            for (int i = 0; i < 3; i++) {
                assertThat(allowance.trySpend(rested)).isTrue();
            }
            assertThat(allowance.trySpend(rested)).isFalse();
        }

        @Test
        @DisplayName("a debt takes as long as the rate says")
        void debt() {
            var allowance = new Allowance(10, 1, 0);
            for (int i = 0; i < 6; i++) {
                allowance.spend(0);
            }
            assertThat(allowance.debt(0)).isEqualTo(500_000_000);
            assertThat(allowance.debt(200_000_000)).isBetween(299_999_999L, 300_000_001L);
            assertThat(allowance.debt(500_000_001)).isZero();
        }
    }

    @Nested
    final class VarintTest {
        @Test
        @DisplayName("the examples of RFC 9000 §A.1, and every length both ways")
        void examples() {
            assertThat(Varint.read(hex("c2197c5eff14e88c"))).isEqualTo(151288809941952652L);
            assertThat(Varint.read(hex("9d7f3e7d"))).isEqualTo(494878333);
            assertThat(Varint.read(hex("7bbd"))).isEqualTo(15293);
            assertThat(Varint.read(hex("25"))).isEqualTo(37);
            assertThat(Varint.read(hex("4025"))).isEqualTo(37);
            for (long value : new long[] {0, 63, 64, 16383, 16384, (1 << 30) - 1, 1 << 30, (1L << 62) - 1}) {
                ByteBuf buffer = Unpooled.buffer();
                Varint.write(buffer, value);
                assertThat(Varint.read(buffer)).isEqualTo(value);
                assertThat(buffer.isReadable()).isFalse();
            }
        }

        @Test
        @DisplayName("one that is cut short reads nothing")
        void cut() {
            ByteBuf cut = hex("9d7f3e");
            assertThat(Varint.read(cut)).isEqualTo(-1);
            assertThat(cut.readableBytes()).isEqualTo(3);
            assertThat(Varint.read(Unpooled.EMPTY_BUFFER)).isEqualTo(-1);
        }
    }

    @Nested
    final class CapsulesTest {
        // Three capsules as Chromium sends them: one of an unknown kind, an empty one, the good-bye.
        private static final String STREAM =
                "c2191c55c4869063" + "04" + "68430700" + "17" + "00" + "6843" + "07" + "00000007627965";

        @Test
        @DisplayName("the good-bye is found behind others, whatever their content, in whatever pieces")
        void pieces() {
            byte[] stream = HexFormat.of().parseHex(STREAM);
            for (int first = 0; first <= stream.length; first++) {
                for (int second = first; second <= stream.length; second++) {
                    var capsules = new Capsules();
                    boolean closed = capsules.closes(Unpooled.wrappedBuffer(stream, 0, first))
                            || capsules.closes(Unpooled.wrappedBuffer(stream, first, second - first))
                            || capsules.closes(Unpooled.wrappedBuffer(stream, second, stream.length - second));
                    assertThat(closed).as("cut at %d and %d", first, second).isTrue();
                }
            }
        }

        @Test
        @DisplayName("a capsule that announces exabytes is skipped without an allocation")
        void huge() {
            var capsules = new Capsules();
            assertThat(capsules.closes(hex("17" + "ffffffffffffffff"))).isFalse();
            for (int i = 0; i < 100; i++) {
                assertThat(capsules.closes(Unpooled.wrappedBuffer(new byte[1000])))
                        .isFalse();
            }
        }

        @Test
        @DisplayName("random bytes end nothing but, at most, the session")
        void random() {
            var random = new Random(20261122);
            for (int i = 0; i < 10_000; i++) {
                byte[] bytes = new byte[random.nextInt(64)];
                random.nextBytes(bytes);
                var capsules = new Capsules();
                assertThat(capsules.closes(Unpooled.wrappedBuffer(bytes))).isIn(true, false);
            }
        }
    }

    @Nested
    final class QuicTokensTest {
        private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-22T12:00:00Z"));
        private final QuicTokens tokens = new QuicTokens(new byte[32], now::get);
        private final ByteBuf id = Unpooled.wrappedBuffer(HexFormat.of().parseHex("0102030405060708"));

        @Test
        @DisplayName("a token is good for its address, for a while, and gives the connection id back")
        void good() throws Exception {
            ByteBuf token = Unpooled.buffer();
            assertThat(tokens.writeToken(token, id, address(1, 4000))).isTrue();
            assertThat(token.readableBytes()).isLessThanOrEqualTo(tokens.maxTokenLength());
            int offset = tokens.validateToken(token, address(1, 4000));
            assertThat(token.slice(offset, token.readableBytes() - offset)).isEqualTo(id);
            now.set(now.get().plusSeconds(9));
            assertThat(tokens.validateToken(token, address(1, 4000))).isEqualTo(offset);
        }

        @Test
        @DisplayName("another address, another port, another secret, too late, from the future, changed, cut: refused")
        void bad() throws Exception {
            ByteBuf token = Unpooled.buffer();
            tokens.writeToken(token, id, address(1, 4000));
            assertThat(tokens.validateToken(token, address(2, 4000))).isEqualTo(-1);
            assertThat(tokens.validateToken(token, address(1, 4001))).isEqualTo(-1);
            byte[] secret = new byte[32];
            secret[0] = 1;
            assertThat(new QuicTokens(secret, now::get).validateToken(token, address(1, 4000)))
                    .isEqualTo(-1);
            for (int i = 0; i < token.readableBytes(); i++) {
                ByteBuf changed = token.copy();
                changed.setByte(i, changed.getByte(i) ^ 1);
                assertThat(tokens.validateToken(changed, address(1, 4000)))
                        .as("byte %d", i)
                        .isEqualTo(-1);
                assertThat(tokens.validateToken(token.slice(0, i), address(1, 4000)))
                        .isEqualTo(-1);
            }
            Instant then = now.get();
            now.set(then.plusSeconds(11));
            assertThat(tokens.validateToken(token, address(1, 4000))).isEqualTo(-1);
            now.set(then.minusSeconds(60));
            assertThat(tokens.validateToken(token, address(1, 4000))).isEqualTo(-1);
        }

        private static InetSocketAddress address(int last, int port) throws Exception {
            return new InetSocketAddress(InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) last}), port);
        }
    }

    private static ByteBuf hex(String bytes) {
        return Unpooled.wrappedBuffer(HexFormat.of().parseHex(bytes));
    }
}
